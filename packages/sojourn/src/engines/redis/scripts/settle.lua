-- settle.lua: forgets a record that has ended, or keeps its tombstone without data.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the session id
-- ARGV[3]     until when the tombstone is kept; empty to forget it
-- ARGV[4]     how long a tombstone stays past that, in milliseconds
-- ARGV[5]     1 when what is due is listed, else 0
-- Returns     1 when it was settled, 0 when it was absent or had not ended
-- Complexity  O(log n), n = the bucket's list of what is due

-- @include record

local head = head_of(KEYS[1])
if not is_readable(head) or not has_ended(head) then return 0 end
local due = ARGV[5] == '1' and ARGV[1] .. 'due' or nil
if ARGV[3] == '' then
  if due then redis.call('ZREM', due, ARGV[2]) end
  redis.call('UNLINK', KEYS[1])
  return 1
end

local has_previous = math.floor(string.byte(head, FLAGS) / 2) % 2 == 1
local previous = has_previous and 38 + string.byte(head, SEALED_BYTES) or 0
local data_at = USER + string.byte(head, USER_BYTES) + previous + 14 * string.byte(head, RETIRED_COUNT)
local value = redis.call('GETRANGE', KEYS[1], 0, data_at - 2)
value = string.sub(value, 1, DIGEST - 5) .. '\0\0\0\0' .. string.sub(value, DIGEST)
if due then redis.call('ZADD', due, ARGV[3], ARGV[2]) end
redis.call('SET', KEYS[1], value, 'PXAT', text(tonumber(ARGV[3]) + tonumber(ARGV[4])))
return 1
