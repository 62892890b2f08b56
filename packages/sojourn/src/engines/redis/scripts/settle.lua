-- settle.lua: forgets records that have ended, or keeps their tombstones without data.
-- KEYS[1]     the first record              <prefix>s:<id>
-- ARGV[1]     until when the tombstones are kept; empty to forget them
-- ARGV[2]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[3]     1 when what is due is listed, else 0
-- ARGV[4..]   the ids, all of one bucket
-- Returns     how many were settled: those that were not absent and had ended
-- Complexity  O(m log n), m = the ids, n = the bucket's list of what is due

-- @include record
-- @include whole-slot
-- @include regardless

local prefix, keep_until = string.sub(KEYS[1], 1, -19), tonumber(ARGV[1])
local due = ARGV[3] == '1' and prefix .. 'due' or nil
if due or #ARGV > 4 then assert_whole_slot(KEYS[1], prefix) end

-- The record without its data: its length, before the digest, is 0.
local function without_data(key, head)
  local flags, user_bytes, sealed_bytes, retired = string.byte(head, 59, 62)
  local previous = math.floor(flags / 2) % 2 == 1 and 38 + sealed_bytes or 0
  local size = USER - 1 + user_bytes + previous + 14 * retired
  local value = size > #head and redis.call('GETRANGE', key, 0, size - 1) or string.sub(head, 1, size)
  return string.sub(value, 1, DIGEST - 5) .. '\0\0\0\0' .. string.sub(value, DIGEST)
end

local settled = {}
for place = 4, #ARGV do
  local key = prefix .. 's:' .. ARGV[place]
  local head = head_of(key)
  if is_readable(head) and string.byte(head, 18) ~= 0 then
    settled[#settled + 1] = { id = ARGV[place], key = key, value = keep_until and without_data(key, head) }
  end
end

-- It takes less room than before.
if keep_until and #settled > 0 then write_regardless(prefix) end
for _, each in ipairs(settled) do
  if keep_until then
    if due then redis.call('ZADD', due, keep_until, each.id) end
    redis.call('SET', each.key, each.value, 'PXAT', keep_until + tonumber(ARGV[2]))
  else
    if due then redis.call('ZREM', due, each.id) end
    redis.call('UNLINK', each.key)
  end
end
return #settled
