-- Asks Gatehouse about every request, and marks those that it answers with 200. HAProxy goes on with a
-- request where Lua fails, so what must let nobody else pass is the rule after the action:
--
--   global
--       lua-load-per-thread /usr/local/etc/haproxy/gatehouse.lua [names]
--   backend app
--       http-request lua.gatehouse http://gatehouse:8080/validate
--       http-request deny deny_status 503 unless { var(txn.gatehouse) -m str pass }
--
-- `names` are the identity headers that `gatehouse headers haproxy` prints, with commas.

-- Those of the default settings, and of AUTH_ASSERTION and INTERNAL_HMAC_KEY: without these settings
-- nobody may send them either.
local names = ... or "x-user-id,x-username,x-user-email,x-user-name,x-user-roles,x-user-groups,x-user-scopes,"
  .. "x-session-id,x-client-id,x-auth-source,x-auth-kind,x-auth-provider,x-service-name,x-service-id,"
  .. "x-service-roles,x-request-id,x-auth-truncated,x-auth-assertion,x-authz-signature,x-authz-ts,x-authz-kid"

-- HAProxy takes requests of 101 headers (tune.http.maxhdr), and dies where a call of this file has more.
local most_headers = 80

-- The gateway itself waits 10 s for a provider that has to renew a session.
local timeout_ms = 15000

local function set(list)
  local members = {}
  for name in string.gmatch(list, "[^,%s]+") do members[name] = true end
  return members
end

-- Of the client's connection and body, not of its request: the call has its own, and no body.
local own = set("host,connection,keep-alive,proxy-connection,te,trailer,upgrade,transfer-encoding,"
  .. "content-length,expect,http2-settings")
-- Of the answer's connection, and what HAProxy writes by itself.
local dropped = set("connection,keep-alive,trailer,upgrade,transfer-encoding,content-length")
-- HAProxy alone describes the request. The client's own headers of these names are not looked at.
local describing = set("x-forwarded-method,x-forwarded-proto,x-forwarded-host,x-forwarded-uri,x-forwarded-for")

-- HAProxy counts the values of a header from 0.
local function in_order(values)
  local ordered = {}
  for i = 0, #values do ordered[#ordered + 1] = values[i] end
  return ordered
end

-- Ends the request with this answer.
local function answer_with(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for name, values in pairs(headers) do
    if not dropped[name] then
      for _, value in ipairs(in_order(values)) do reply:add_header(name, value) end
    end
  end
  reply:set_body(body)
  txn:done(reply)
end

local function refuse(txn, status, message)
  local headers = { ["content-type"] = { [0] = "text/plain" }, ["cache-control"] = { [0] = "no-store" } }
  answer_with(txn, status, headers, message .. "\n")
end

local function description(txn)
  local secure = txn.f:ssl_fc()
  return {
    ["x-forwarded-method"] = txn.f:method(),
    ["x-forwarded-proto"] = (secure == true or secure == 1) and "https" or "http",
    ["x-forwarded-host"] = txn.f:req_fhdr("host"),
    -- HAProxy passes the path on as it is, and so the gateway reads it.
    ["x-forwarded-uri"] = txn.f:pathq(),
    ["x-forwarded-for"] = txn.f:src(),
  }
end

-- The client's headers and the description, or nothing and why the request is refused.
local function headers_of_call(txn, identity)
  local headers, count = {}, 0
  for name, received in pairs(txn.http:req_get_headers()) do
    local values = in_order(received)
    count = count + #values
    if name == "connection" then
      -- A server behind HAProxy would remove what it names.
      for token in pairs(set(string.lower(table.concat(values, ",")))) do
        if identity[token] or describing[token] then return nil, 400, "Connection names a reserved header" end
      end
    elseif not own[name] and not describing[name] then
      headers[name] = values
    end
  end
  if count > most_headers then return nil, 431, "Too many headers" end
  for name, value in pairs(description(txn)) do headers[name] = { value } end
  return headers
end

local function ask(txn, url, identity)
  txn:unset_var("txn.gatehouse")
  local headers, refused, message = headers_of_call(txn, identity)
  if not headers then return refuse(txn, refused, message) end

  local answer = core.httpclient():get({ url = url, headers = headers, timeout = timeout_ms })
  local status = answer and answer.status or 0
  -- 204, 206 or 304 are no answers of the gateway, and 502 or 504 are HAProxy's own: nobody passes.
  if status < 300 and status ~= 200 or status == 304 or status == 502 or status == 504 then
    core.Alert("gatehouse: no gateway at " .. url .. ": it answered " .. status)
    return refuse(txn, 503, "The gateway did not answer")
  end
  if status ~= 200 then return answer_with(txn, status, answer.headers, answer.body) end

  for name in pairs(identity) do
    local values = answer.headers[name]
    txn.http:req_del_header(name)
    if values and #values == 0 and values[0] ~= "" then txn.http:req_set_header(name, values[0]) end
  end
  txn:set_var("txn.gatehouse", "pass")
end

local identity = set(names)
local with_token = set(names .. ",authorization")

core.register_action("gatehouse", { "http-req" }, function(txn, url) ask(txn, url, identity) end, 1)
-- For apps that are passed a token, and for no other: it takes the client's own Authorization away.
core.register_action("gatehouse-token", { "http-req" }, function(txn, url) ask(txn, url, with_token) end, 1)
