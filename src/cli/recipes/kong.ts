import { lines, type RecipeNames } from './names.ts'

/**
 * What asks, in Lua: the shared part of `deploy/kong/gatehouse/handler.lua`, and a test keeps them equal.
 * The image has no other copy of it.
 */
export const askingLua = `-- Kong counts up to so many headers of a request, and leaves out the rest without a word.
local most_headers = 1000

-- Of the client's connection and body, not of its request: the call has its own, and no body.
local own = {}
for _, name in ipairs({
  "host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade",
  "transfer-encoding", "content-length", "expect", "http2-settings",
}) do own[name] = true end

-- Kong alone describes the request. The client's own headers of these names are not looked at.
local describing = {}
for _, part in ipairs({ "method", "proto", "host", "uri", "for" }) do describing["x-forwarded-" .. part] = true end

-- Of the answer's connection, and what Kong writes by itself.
local dropped = {}
for _, name in ipairs({
  "connection", "keep-alive", "trailer", "upgrade", "transfer-encoding", "content-length", "date", "server",
}) do dropped[name] = true end

local function refuse(status, message)
  return kong.response.exit(status, { message = message }, { ["Cache-Control"] = "no-store" })
end

-- get_path() has its escapes decoded. Kong escapes these again for the app, and the gateway reads no others.
local function escaped(path)
  return (string.gsub(path, "[^A-Za-z0-9!#$&'()*+,/:;=?@%[%]._~%%-]", function(byte)
    return string.format("%%%02X", string.byte(byte))
  end))
end

local function description()
  local query = kong.request.get_raw_query()
  return {
    ["x-forwarded-method"] = kong.request.get_method(),
    ["x-forwarded-proto"] = kong.request.get_forwarded_scheme(),
    -- Not get_host(), which has no port.
    ["x-forwarded-host"] = kong.request.get_header("host"),
    ["x-forwarded-uri"] = escaped(kong.request.get_path()) .. (query ~= "" and "?" .. query or ""),
    ["x-forwarded-for"] = kong.client.get_forwarded_ip(),
  }
end

-- The client's headers and the description, or nothing and why the request is refused.
local function headers_of_call(identity)
  local headers, reserved, count = {}, {}, 0
  for _, name in ipairs(identity) do reserved[name] = true end
  for name in pairs(describing) do reserved[name] = true end
  for name, value in pairs(kong.request.get_headers(most_headers)) do
    local values = type(value) == "table" and value or { value }
    count = count + #values
    local hyphened = string.gsub(name, "[_.]", "-")
    if hyphened ~= name then
      -- Apps may read X_User_Id as x-user-id. resty.http may write it so: then the gateway would not see a
      -- twin, or would take content_length for the length of a body. None of them is sent.
      if reserved[hyphened] then return nil, 400, "A header is a twin of a reserved one" end
    elseif name == "connection" then
      -- Kong removes what Connection names from the request after every plugin, also what is set below.
      for token in string.gmatch(string.lower(table.concat(values, ",")), "[^,%s]+") do
        if reserved[token] then return nil, 400, "Connection names a reserved header" end
      end
    elseif not own[name] and not describing[name] then
      headers[name] = value
    end
  end
  if count >= most_headers then return nil, 431, "Too many headers" end
  for name, value in pairs(description()) do headers[name] = value end
  return headers
end

local function ask(config)
  local headers, status, message = headers_of_call(config.identity_headers)
  if not headers then return refuse(status, message) end

  local client = require("resty.http").new()
  client:set_timeouts(config.connect_timeout, config.read_timeout, config.read_timeout)
  local answer, problem = client:request_uri(config.validate_url, {
    method = "GET",
    headers = headers,
    ssl_verify = config.ssl_verify,
    keepalive_timeout = config.keepalive_timeout,
  })
  if not answer then
    kong.log.err("the gateway did not answer at ", config.validate_url, ": ", problem)
    return refuse(503, "The gateway did not answer")
  end

  -- 204, 206 or 304 are no answers of the gateway: whatever this is, it lets nobody pass.
  if answer.status < 300 and answer.status ~= 200 or answer.status == 304 then
    kong.log.err("no gateway at ", config.validate_url, ": it answered ", answer.status)
    return refuse(503, "The gateway did not answer")
  end
  if answer.status ~= 200 then
    local kept = {}
    for name, value in pairs(answer.headers) do
      if not dropped[string.lower(name)] then kept[name] = value end
    end
    return kong.response.exit(answer.status, answer.body, kept)
  end

  for _, name in ipairs(config.identity_headers) do
    local value = answer.headers[name]
    kong.service.request.clear_header(name)
    if type(value) == "string" and value ~= "" then kong.service.request.set_header(name, value) end
  end
end
`

/** Kong's own plugins know no forward auth: ours asks, clears and sets, and so does a pre-function. */
export function kong({ identity, passesToken }: RecipeNames): string {
  const token = (comment: string, entry: string) => `
${comment} For apps that are passed a token, and for no other: it takes the client's own Authorization away.
${comment} ${entry}`
  return `# Kong 3.9, DB-less, with the plugin of deploy/kong/gatehouse and KONG_PLUGINS=bundled,gatehouse.
# PROXY=kong and TRUSTED_PROXIES=<address of Kong> on the gateway.
_format_version: "3.0"
services:
  - name: app
    url: http://app:80
    routes:
      - name: app
        hosts: [app.example.com]
        preserve_host: true
    plugins:
      - name: gatehouse
        config:
          validate_url: http://gatehouse:8080/validate
          identity_headers:
${lines(identity, (name) => `            - ${name}`)}${passesToken ? token('            #', '- authorization') : ''}
---
# In place of the plugin, for a Kong that cannot mount one: KONG_UNTRUSTED_LUA_SANDBOX_REQUIRES=resty.http
plugins:
  - name: pre-function
    config:
      access:
        - |
          local config = {
            validate_url = "http://gatehouse:8080/validate",
            connect_timeout = 1000,
            read_timeout = 15000,
            keepalive_timeout = 60000,
            ssl_verify = true,
            identity_headers = {
${lines(identity, (name) => `              "${name}",`)}${passesToken ? token('              --', '"authorization",') : ''}
            },
          }
${indented(askingLua, 10)}
          return function() return ask(config) end`
}

function indented(text: string, by: number): string {
  return text.trimEnd().replaceAll(/^(?=.)/gm, ' '.repeat(by))
}
