-- scan.lua: ids of some of the records that this server has, in its own order. Not for a cluster.
-- KEYS[1]     how the names of records look, as a pattern        <prefix>s:<id>
-- ARGV[1]     the run of the server that the cursor is of; empty to begin
-- ARGV[2]     the cursor, 0 to begin
-- ARGV[3]     how many ids are wanted
-- Returns     the run of this server, the next cursor, which is 0 at the end, and the ids one after the other
-- Complexity  O(n), n = the wanted, but at least 1,000: keys of others are looked at too

-- @include digits

local LOOKED_AT = 1000

-- A server orders its keys by a number that it draws when it starts: to another run the cursor says nothing, and the
-- walk begins anew, since what a new primary has not shown may be anything.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local cursor, wanted = ARGV[1] == run and ARGV[2] or '0', tonumber(ARGV[3])
local ids, looked_at = {}, 0
repeat
  local step = math.min(wanted - #ids, LOOKED_AT - looked_at)
  local reply = redis.call('SCAN', cursor, 'MATCH', KEYS[1], 'COUNT', digits_of(step))
  cursor = reply[1]
  for _, key in ipairs(reply[2]) do ids[#ids + 1] = string.sub(key, -16) end
  looked_at = looked_at + step
until cursor == '0' or #ids >= wanted or looked_at >= LOOKED_AT
return { run, cursor, table.concat(ids) }
