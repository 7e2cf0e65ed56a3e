import { lines, type RecipeNames } from './names.ts'

/** Kong's own plugins know no forward auth: a pre-function asks, clears and sets. */
export function kong({ identity, passesToken }: RecipeNames): string {
  const token = `
                  -- For apps that are passed a token, and for no other: it takes the client's own Authorization away.
                  -- "authorization",`
  return `# Kong 3.9, DB-less. KONG_UNTRUSTED_LUA_SANDBOX_REQUIRES=resty.http for Kong;
# PROXY=kong and TRUSTED_PROXIES=<address of Kong> for the gateway.
_format_version: "3.0"
services:
  - name: app
    url: http://app:80
    routes:
      - name: app
        hosts: [app.example.com]
    plugins:
      - name: pre-function
        config:
          access:
            - |
                local names = {
${lines(identity, (name) => `                  "${name}",`)}${passesToken ? token : ''}
                }
                local passed = {
                  "Location", "WWW-Authenticate", "Content-Type", "Set-Cookie", "Retry-After", "Cache-Control", "Vary",
                  "X-Request-Id", "Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options",
                  "Referrer-Policy", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
                }
                local headers, problem = kong.request.get_headers(1000)
                if problem == "truncated" then return kong.response.exit(431) end
                for _, name in ipairs({ "host", "connection", "upgrade", "te", "keep-alive", "expect",
                                        "content-length", "transfer-encoding" }) do
                  headers[name] = nil
                end
                local query = kong.request.get_raw_query()
                headers["x-forwarded-method"] = kong.request.get_method()
                headers["x-forwarded-proto"] = kong.request.get_scheme()
                headers["x-forwarded-host"] = kong.request.get_header("host")
                headers["x-forwarded-uri"] = kong.request.get_path() .. (query ~= "" and "?" .. query or "")
                headers["x-forwarded-for"] = kong.client.get_ip()
                local client = require("resty.http").new()
                client:set_timeouts(1000, 5000, 5000)
                local answer = client:request_uri("http://gatehouse:8080/validate",
                  { method = "GET", headers = headers, keepalive_timeout = 60000 })
                if not answer then return kong.response.exit(503) end
                if answer.status ~= 200 then
                  local kept = {}
                  for _, name in ipairs(passed) do kept[name] = answer.headers[name] end
                  return kong.response.exit(answer.status, answer.body, kept)
                end
                for _, name in ipairs(names) do
                  kong.service.request.clear_header(name)
                  local value = answer.headers[name]
                  if value and value ~= "" then kong.service.request.set_header(name, value) end
                end`
}
