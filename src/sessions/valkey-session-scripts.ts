/**
 * What must be checked and done in one step, as Lua for Valkey. Each publishes before it changes
 * anything, so that one which may not publish (ACL) fails with nothing done; no other client sees what
 * is between. Times are milliseconds; those of sessions are compared with the caller's clock, those
 * of leases are the server's, which all replicas share.
 *
 * A row is a hash `gatehouse:session:<key>`: sealed, used, expires, retire (where it is set), fence,
 * lease (its end), and the hashes subject and sid. These name sorted sets of keys by time of creation,
 * `gatehouse:subject:<hash>` and `gatehouse:sid:<hash>`.
 */

export const rowPrefix = 'gatehouse:session:'
export const subjectPrefix = 'gatehouse:subject:'
export const sidPrefix = 'gatehouse:sid:'
export const changesChannel = 'gatehouse:changes'
export const endsChannel = 'gatehouse:ends'

const functions = `
local function row_of(key)
  return '${rowPrefix}' .. key
end

local function ends_at(key)
  local at = redis.call('HMGET', row_of(key), 'expires', 'retire')
  local expires = tonumber(at[1]) or 0
  return math.min(expires, tonumber(at[2]) or expires)
end

local function lives(key, now)
  return ends_at(key) > tonumber(now)
end

local function has_fence(key, fence)
  return redis.call('HGET', row_of(key), 'fence') == fence
end

local function lease_until(key, duration)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSET', row_of(key), 'lease', string.format('%.0f', now + tonumber(duration)))
end

local function is_leased(key)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  return (tonumber(redis.call('HGET', row_of(key), 'lease')) or 0) > now
end

local function expire_with(index, expires)
  if redis.call('PEXPIREAT', index, expires, 'NX') == 0 then
    redis.call('PEXPIREAT', index, expires, 'GT')
  end
end

-- Sessions that expired leave the index when later ones enter it: the oldest first.
local function enter(index, key, created, expires)
  for _, member in ipairs(redis.call('ZRANGE', index, 0, 9)) do
    if redis.call('EXISTS', row_of(member)) == 0 then redis.call('ZREM', index, member) end
  end
  redis.call('ZADD', index, created, key)
  expire_with(index, expires)
end

local function indexes_of(key)
  local hash = redis.call('HMGET', row_of(key), 'subject', 'sid')
  local indexes = {}
  if hash[1] then indexes[#indexes + 1] = '${subjectPrefix}' .. hash[1] end
  if hash[2] then indexes[#indexes + 1] = '${sidPrefix}' .. hash[2] end
  return indexes
end

local function changed(key)
  redis.call('PUBLISH', '${changesChannel}', key)
end

-- With the sealed record, from which every replica reads whose session it was. In a channel of its own:
-- older versions understand keys alone.
local function ended(key, at)
  local sealed = redis.call('HGET', row_of(key), 'sealed')
  if sealed then
    redis.call('PUBLISH', '${endsChannel}', key .. ' ' .. at .. ' ' .. sealed)
  end
end

local function finish(key, now)
  local lived = lives(key, now)
  changed(key)
  ended(key, now)
  for _, index in ipairs(indexes_of(key)) do redis.call('ZREM', index, key) end
  redis.call('UNLINK', row_of(key))
  return lived
end
`

const script = (lua: string) => ({ lua: `${functions}\n${lua}`, numberOfKeys: 0 })

/** Methods of the client and their arguments: see the store. */
export const sessionScripts = {
  /** key, sealed, created, used, expires, subject, sid or empty */
  createSession: script(`
    local key, sealed, created, used, expires, subject, sid = unpack(ARGV)
    if redis.call('EXISTS', row_of(key)) == 1 then
      return redis.error_reply('EXISTS there is a session of this key')
    end
    redis.call('HSET', row_of(key), 'sealed', sealed, 'used', used, 'expires', expires,
      'subject', subject)
    enter('${subjectPrefix}' .. subject, key, created, expires)
    if sid ~= '' then
      redis.call('HSET', row_of(key), 'sid', sid)
      enter('${sidPrefix}' .. sid, key, created, expires)
    end
    redis.call('PEXPIREAT', row_of(key), expires)`),

  /** key, time of use */
  touchSession: script(`
    local key, used = unpack(ARGV)
    local before = tonumber(redis.call('HGET', row_of(key), 'used'))
    if before and before < tonumber(used) then redis.call('HSET', row_of(key), 'used', used) end`),

  /** key, now, duration; answers the fence, 0 for held, -1 for ended */
  leaseSession: script(`
    local key, now, duration = unpack(ARGV)
    if not lives(key, now) then return -1 end
    if is_leased(key) then return 0 end
    lease_until(key, duration)
    return redis.call('HINCRBY', row_of(key), 'fence', 1)`),

  /** key, fence, now, duration; answers 1 where it was renewed */
  renewSessionLease: script(`
    local key, fence, now, duration = unpack(ARGV)
    if not has_fence(key, fence) or not lives(key, now) then return 0 end
    if redis.call('HGET', row_of(key), 'lease') == '0' then return 0 end
    lease_until(key, duration)
    return 1`),

  /** key, fence */
  releaseSessionLease: script(`
    local key, fence = unpack(ARGV)
    if has_fence(key, fence) then redis.call('HSET', row_of(key), 'lease', '0') end`),

  /** key, fence, now, sealed, expires; answers 1 where it was written */
  writeSession: script(`
    local key, fence, now, sealed, expires = unpack(ARGV)
    if not has_fence(key, fence) or not lives(key, now) then return 0 end
    changed(key)
    redis.call('HSET', row_of(key), 'sealed', sealed, 'expires', expires)
    for _, index in ipairs(indexes_of(key)) do expire_with(index, expires) end
    redis.call('PEXPIREAT', row_of(key), string.format('%.0f', ends_at(key)))
    return 1`),

  /** key, now, time of its end; answers 1 where that is earlier than before */
  retireSession: script(`
    local key, now, at = unpack(ARGV)
    if not lives(key, now) or ends_at(key) <= tonumber(at) then return 0 end
    changed(key)
    ended(key, at)
    redis.call('HSET', row_of(key), 'retire', at)
    redis.call('PEXPIREAT', row_of(key), at)
    return 1`),

  /** key, now; answers 1 where it lived */
  endSession: script(`
    local key, now = unpack(ARGV)
    return finish(key, now) and 1 or 0`),

  /** index, now; answers the keys of those that lived */
  endSessionsOf: script(`
    local index, now = unpack(ARGV)
    local ended = {}
    for _, key in ipairs(redis.call('ZRANGE', index, 0, -1)) do
      if finish(key, now) then ended[#ended + 1] = key end
    end
    redis.call('UNLINK', index)
    return ended`),

  /** index, now, how many at most; answers key and row of each */
  listSessions: script(`
    local index, now, most = unpack(ARGV)
    local found = {}
    for _, key in ipairs(redis.call('ZRANGE', index, 0, -1, 'REV')) do
      if #found == tonumber(most) then break end
      if redis.call('EXISTS', row_of(key)) == 0 then
        redis.call('ZREM', index, key)
      elseif lives(key, now) then
        local row = redis.call('HMGET', row_of(key), 'sealed', 'used', 'expires', 'retire')
        found[#found + 1] = { key, row }
      end
    end
    return found`),
}

/** The client's methods for the scripts. */
export type SessionCommands = {
  readonly [Name in keyof typeof sessionScripts]: (
    ...args: readonly (string | number)[]
  ) => Promise<unknown>
}
