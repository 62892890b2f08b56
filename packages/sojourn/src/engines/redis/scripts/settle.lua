-- settle.lua: forgets a record that has ended, or keeps its tombstone without data.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     until when the tombstone is kept; empty to forget it
-- ARGV[2]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[3]     1 when what is due is listed, else 0
-- Returns     1 when it was settled, 0 when it was absent or had not ended
-- Complexity  O(log n), n = the bucket's list of what is due

-- @include record
-- @include whole-slot
-- @include regardless

local head = head_of(KEYS[1])
if not is_readable(head) or string.byte(head, 18) == 0 then return 0 end
local id, prefix = string.sub(KEYS[1], -16), string.sub(KEYS[1], 1, -19)
local due = ARGV[3] == '1' and prefix .. 'due' or nil
if due then assert_whole_slot(KEYS[1], prefix) end
if ARGV[1] == '' then
  if due then redis.call('ZREM', due, id) end
  redis.call('UNLINK', KEYS[1])
  return 1
end

local keep_until = tonumber(ARGV[1])
local flags, user_bytes, sealed_bytes, retired = string.byte(head, 59, 62)
local previous = math.floor(flags / 2) % 2 == 1 and 38 + sealed_bytes or 0
local value = redis.call('GETRANGE', KEYS[1], 0, USER - 2 + user_bytes + previous + 14 * retired)
-- It takes less room than before.
write_regardless(prefix)
if due then redis.call('ZADD', due, keep_until, id) end
-- No data: its length, before the digest, is 0.
value = string.sub(value, 1, DIGEST - 5) .. '\0\0\0\0' .. string.sub(value, DIGEST)
redis.call('SET', KEYS[1], value, 'PXAT', keep_until + tonumber(ARGV[2]))
return 1
