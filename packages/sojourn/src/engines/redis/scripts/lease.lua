-- lease.lua: leases what is due in one bucket, earliest first, and ends what has expired.
-- KEYS[1]     the bucket's list             <prefix>due
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     now
-- ARGV[3]     the end of a lease
-- ARGV[4]     how many entries it looks at
-- ARGV[5]     how long a live record is kept past its deadline, in milliseconds
-- Returns     how many entries it looked at, then score, id and bytes of each leased record, and 1 when this call ended
--             it by its time, else 0
-- Complexity  O(m log n), m = the entries it looks at, n = the list or the entries of an index

-- @include record
-- @include deadlines
-- @include cut-off
-- @include bury
-- @include user-index
-- @include whole-slot
-- @include regardless

-- The deadline of what has none.
local NEVER = 281474976710655

local prefix, now, due, keep = ARGV[1], tonumber(ARGV[2]), KEYS[1], tonumber(ARGV[5])
local lease = tonumber(ARGV[3]) + 0.5

-- The bytes of a record with its end, as `bury` leaves them but for the write id.
local function tombstone_of(value, state, at)
  local head = string.sub(value, 1, 17) .. state .. string.sub(value, 19, 52)
  return head .. struct.pack('>I6', at) .. string.sub(value, 59)
end

-- Ends a record whose time is over: its bytes then, and 1 when its time ended it. A user's cut-off comes first, where
-- the index had lost the session. What has no end goes on.
local function ended(entry)
  local _, _, created_at, _, expires_at, absolute_at = fields_of(entry.value)
  local index = index_of(prefix, user_of(entry.value))
  local cut_off = index and cut_off_of(index)
  local state, at = expires_at < absolute_at and IDLE or ABSOLUTE, expires_at
  local is_lost = is_cut(cut_off, created_at, entry.id)
  if is_lost then
    state, at = cut_off.state, cut_off.at
  elseif absolute_at == NEVER then
    return entry.value, 0
  end
  bury(prefix, entry.id, index, { write_id = write_id_of(entry.value), state = state, at = at, keep = keep })
  return tombstone_of(entry.value, state, at), is_lost and 0 or 1
end

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
      entries[#entries + 1] = { id = id, score = found[place + 1], value = value, lives = state == 0 }
    end
  end
end
-- What was put back may be due before the others: look again, so that the earliest comes first.
if is_moved then return { tonumber(ARGV[4]) } end

local answer, leases = { #found / 2 }, {}
for _, entry in ipairs(entries) do
  local value, is_ended = entry.value, 0
  if entry.lives then value, is_ended = ended(entry) end
  leases[#leases + 1] = lease
  leases[#leases + 1] = entry.id
  for _, part in ipairs({ entry.score, entry.id, value, is_ended }) do
    answer[#answer + 1] = part
  end
end
if #leases > 0 then redis.call('ZADD', due, unpack(leases)) end
return answer
