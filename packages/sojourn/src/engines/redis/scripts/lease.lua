-- lease.lua: leases what is due in one bucket, earliest first.
-- KEYS[1]     the bucket's list             <prefix>due
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     now
-- ARGV[3]     the end of a lease
-- ARGV[4]     how many entries it looks at
-- Returns     how many entries it looked at, then score, id and bytes of each leased record
-- Complexity  O(m log n), m = the entries it looks at, n = the list

-- @include record
-- @include whole-slot
-- @include regardless

local prefix, now, due = ARGV[1], tonumber(ARGV[2]), KEYS[1]
local lease = tonumber(ARGV[3]) + 0.5
assert_whole_slot(due, prefix)
-- Half a millisecond more: a lease that ends now is over.
local found = redis.call('ZRANGEBYSCORE', due, '-inf', now + 0.5, 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[4]))
local entries, is_moved = {}, false
-- What is settled makes room.
if #found > 0 then write_regardless(prefix) end
for place = 1, #found, 2 do
  local id, score = found[place], tonumber(found[place + 1])
  local value = redis.call('GET', prefix .. 's:' .. id)
  if not value then
    redis.call('ZREM', due, id)
  elseif not is_readable(value) then
    redis.call('ZADD', due, lease, id)
  else
    local state, _, _, _, expires_at = fields_of(value)
    if state == 0 and expires_at > score then
      redis.call('ZADD', due, expires_at, id)
      is_moved = true
    else
      entries[#entries + 1] = { id = id, score = found[place + 1], value = value }
    end
  end
end
-- What was put back may be due before the others: look again, so that the earliest comes first.
if is_moved then return { tonumber(ARGV[4]) } end

local answer = { #found / 2 }
for _, entry in ipairs(entries) do
  redis.call('ZADD', due, lease, entry.id)
  answer[#answer + 1] = entry.score
  answer[#answer + 1] = entry.id
  answer[#answer + 1] = entry.value
end
return answer
