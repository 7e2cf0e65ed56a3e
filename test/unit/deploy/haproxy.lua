-- As much of HAProxy as gatehouse.lua touches. `request`, `answer` and `asked` come from the test; values of a
-- header count from 0, as HAProxy has them.

local function from_zero(values)
  local counted = {}
  for i, value in ipairs(values) do counted[i - 1] = value end
  return counted
end

local function from_one(values)
  local counted = {}
  for i = 0, #values do counted[i + 1] = values[i] end
  return counted
end

local headers, actions, variables, done = {}, {}, {}, nil
for name, values in pairs(request.headers) do headers[name] = from_zero(values) end

core = {
  Alert = function() end,
  register_action = function(name, places, action, arguments)
    assert(places[1] == "http-req" and arguments == 1)
    actions[name] = action
  end,
  httpclient = function()
    return {
      get = function(_, call)
        asked(call.url, call.headers)
        if not answer then return nil end
        local received = {}
        for name, values in pairs(answer.headers) do received[name] = from_zero(values) end
        return { status = answer.status, headers = received, body = answer.body }
      end,
    }
  end,
}

local txn = {
  f = {
    ssl_fc = function() return request.secure end,
    method = function() return request.method end,
    req_fhdr = function(_, name) return headers[name] and headers[name][0] end,
    pathq = function() return request.uri end,
    src = function() return "198.51.100.7" end,
  },
  http = {
    req_get_headers = function() return headers end,
    req_del_header = function(_, name) headers[name] = nil end,
    req_set_header = function(_, name, value) headers[name] = { [0] = value } end,
  },
  set_var = function(_, name, value) variables[name] = value end,
  unset_var = function(_, name) variables[name] = nil end,
  reply = function(_, reply)
    reply.headers = {}
    function reply:add_header(name, value) self.headers[#self.headers + 1] = { name, value } end
    function reply:set_body(body) self.body = body end
    return reply
  end,
  -- Nothing after it runs.
  done = function(_, reply)
    done = { status = reply.status, body = reply.body, headers = reply.headers }
    error(done)
  end,
}

function through(action)
  variables["txn.gatehouse"] = "pass"
  local ok, problem = pcall(actions[action], txn, "http://gatehouse:8080/validate")
  if not ok and problem ~= done then error(problem, 0) end
  local app = {}
  for name, values in pairs(headers) do app[name] = from_one(values) end
  return { passed = variables["txn.gatehouse"] == "pass", answer = done, app = app }
end
