-- touch.lua: moves the deadline of a live session in place, never backwards.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     when it was seen
-- ARGV[2]     the deadline that follows from it
-- ARGV[3]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[4]     1 when what is due is listed, else 0
-- Returns     1 when the session lives, 0 when not, -1 when the record cannot be read
-- Complexity  O(log m), m = the entries of the index, or of the bucket's list of what is due

-- @include record
-- @include cut-off
-- @include bury
-- @include user-index
-- @include find
-- @include whole-slot

local given_seen_at, keep, keeps_due = tonumber(ARGV[1]), tonumber(ARGV[3]), ARGV[4] == '1'
local head, _, due_at, has_ended = find(KEYS[1], keep, keeps_due)
if not head or has_ended then return 0 end
if has_ended == nil then return -1 end

-- It was made by a process that lists nothing; or the list has moved to another server, and must not be begun anew.
local prefix, is_unlisted = string.sub(KEYS[1], 1, -19), keeps_due and not due_at
if is_unlisted then assert_whole_slot(KEYS[1], prefix) end

local _, _, _, seen_at, expires_at, absolute_at = fields_of(head)
if given_seen_at >= expires_at then return 0 end
local new_seen_at = math.max(given_seen_at, seen_at)
local new_expires_at = math.max(math.min(tonumber(ARGV[2]), absolute_at), expires_at)
-- In this order, so that it also goes on a server that is out of memory.
redis.call('PEXPIREAT', KEYS[1], digits_of(new_expires_at + keep))
redis.call('SETRANGE', KEYS[1], '28', struct.pack('>I6I6', new_seen_at, new_expires_at))
if is_unlisted then redis.call('ZADD', prefix .. 'due', new_expires_at, string.sub(KEYS[1], -16)) end
return 1
