local typedefs = require "kong.db.schema.typedefs"

-- The headers of the default settings, and those of AUTH_ASSERTION and INTERNAL_HMAC_KEY: without these
-- settings nobody may send them either.
local identity_headers = {
  "x-user-id", "x-username", "x-user-email", "x-user-name", "x-user-roles", "x-user-groups", "x-user-scopes",
  "x-session-id", "x-client-id", "x-auth-source", "x-auth-kind", "x-auth-provider", "x-service-name",
  "x-service-id", "x-service-roles", "x-request-id", "x-auth-truncated", "x-auth-assertion",
  "x-authz-signature", "x-authz-ts", "x-authz-kid",
}

local function milliseconds(default)
  return { type = "integer", required = true, default = default, between = { 1, 600000 } }
end

return {
  name = "gatehouse",
  fields = {
    { protocols = typedefs.protocols_http },
    -- Consumers are known by plugins that run later.
    { consumer = typedefs.no_consumer },
    { config = {
      type = "record",
      fields = {
        -- For example http://gatehouse:8080/validate, or …/validate/allow/group:ops for one route.
        { validate_url = { type = "string", required = true, match = "^https?://[^/?#%s]+/[^?#%s]*$" } },
        -- All that `gatehouse headers kong` prints. Each is taken from the client, then set by the answer.
        -- With "authorization" among them, for apps that are passed a token.
        { identity_headers = {
          type = "array", required = true, default = identity_headers, len_min = 1,
          elements = { type = "string", match = "^[a-z0-9-]+$",
            not_one_of = { "cookie", "host", "connection", "content-length", "transfer-encoding" } },
        } },
        { connect_timeout = milliseconds(1000) },
        -- The gateway itself waits 10 s for a provider that has to renew a session.
        { read_timeout = milliseconds(15000) },
        -- Shorter than the gateway's own 75 s, which must not close a connection that is about to be used.
        { keepalive_timeout = milliseconds(60000) },
        { ssl_verify = { type = "boolean", required = true, default = true } },
        -- For the service of the gateway's own pages, where another instance of the plugin is global.
        { own_pages = { type = "boolean", required = true, default = false } },
      },
    } },
  },
}
