-- As much of Kong as handler.lua touches: its PDK, ngx_lua's tables of headers, resty.http, and what Kong
-- does to the request after the plugins. `request`, `ask` and `log_line` come from the test.

local function hyphened(name) return (string.gsub(string.lower(name), "_", "-")) end

-- As ngx.req.get_headers: names in lower case as received, several values in a table, and no more than asked
-- for. Lookups take underscores for hyphens.
local function header_table(lines, most)
  local headers = setmetatable({}, {
    __index = function(t, name) return rawget(t, hyphened(name)) end,
  })
  for i, line in ipairs(lines) do
    if i > most then return headers, "truncated" end
    local name, before = string.lower(line[1]), rawget(headers, string.lower(line[1]))
    if before == nil then
      rawset(headers, name, line[2])
    elseif type(before) == "table" then
      before[#before + 1] = line[2]
    else
      rawset(headers, name, { before, line[2] })
    end
  end
  return headers
end

local function without(lines, name)
  local kept = {}
  for _, line in ipairs(lines) do
    if string.lower(line[1]) ~= string.lower(name) then kept[#kept + 1] = line end
  end
  return kept
end

local exited = {}
local upstream, answer = request.headers, nil

kong = {
  log = { err = function(...) log_line(table.concat({ ... })) end },
  client = { get_forwarded_ip = function() return request.address end },
  request = {
    get_method = function() return request.method end,
    get_forwarded_scheme = function() return request.scheme end,
    get_path = function() return request.path end,
    get_raw_query = function() return request.query end,
    get_headers = function(most)
      assert(most >= 1 and most <= 1000)
      return header_table(request.headers, most)
    end,
    get_header = function(name)
      for _, line in ipairs(request.headers) do
        if hyphened(line[1]) == hyphened(name) then return line[2] end
      end
    end,
  },
  service = {
    request = {
      clear_header = function(name) upstream = without(upstream, name) end,
      set_header = function(name, value)
        assert(type(value) == "string")
        upstream = without(upstream, name)
        upstream[#upstream + 1] = { name, value }
      end,
    },
  },
  response = {
    exit = function(status, body, headers)
      assert(math.type(status) == "integer" and status >= 100 and status <= 599)
      local lines = {}
      for name, value in pairs(headers or {}) do
        for _, each in ipairs(type(value) == "table" and value or { value }) do
          assert(type(name) == "string" and type(each) == "string")
          lines[#lines + 1] = { name, each }
        end
      end
      answer = { status = status, body = type(body) == "table" and body.message or body, headers = lines }
      error(exited)
    end,
  },
}

-- The names that resty.http sends are hyphened by some of its versions; values of tables are lines.
local client = {}
function client:set_timeouts(connect, send, read)
  assert(connect > 0 and send > 0 and read > 0)
  self.timeout = read
end
function client:request_uri(url, options)
  assert(options.method == "GET" and options.body == nil)
  local headers = {}
  for name, value in pairs(options.headers) do headers[hyphened(name)] = value end
  local got = ask(url, headers, self.timeout):await()
  if got.problem then return nil, got.problem end
  local lines = header_table(got.headers, 1000)
  return { status = got.status, body = got.body, headers = lines }
end
package.loaded["resty.http"] = { new = function() return setmetatable({}, { __index = client }) end }

-- Runs an access phase, and says what the app or the client gets.
function through(access)
  local ok, problem = pcall(access)
  if not ok and problem ~= exited then error(problem, 0) end
  if answer then return { answer = answer } end
  -- Kong's own part of the phase: what Connection names is of one hop.
  for token in string.gmatch(string.lower(kong.request.get_header("connection") or ""), "[^,%s]+") do
    upstream = without(upstream, token)
  end
  return { app = upstream }
end
