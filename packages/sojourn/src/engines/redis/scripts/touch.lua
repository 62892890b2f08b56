-- touch.lua: moves the deadline of a live session in place, never backwards.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the session id
-- ARGV[3]     when it was seen
-- ARGV[4]     the deadline that follows from it
-- ARGV[5]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[6]     how long a tombstone is kept, in milliseconds
-- ARGV[7]     1 when what is due is listed, else 0
-- Returns     1 when the session lives, 0 when not, -1 when the record cannot be read
-- Complexity  O(1)

-- @include record
-- @include cut-off
-- @include bury
-- @include find

local context = { prefix = ARGV[1], keep_ended = tonumber(ARGV[6]), keeps_due = ARGV[7] == '1' }
local given_seen_at = tonumber(ARGV[3])

local found = find(KEYS[1], ARGV[2], context)
if not found then return 0 end
if not found.is_readable then return -1 end
local head = found.head
local stored_expires_at = instant(head, EXPIRES_AT)
if found.has_ended or given_seen_at >= stored_expires_at then return 0 end

local seen_at = math.max(given_seen_at, instant(head, SEEN_AT))
local expires_at = math.max(math.min(tonumber(ARGV[4]), instant(head, ABSOLUTE_AT)), stored_expires_at)
redis.call('SETRANGE', KEYS[1], SEEN_AT - 1, struct.pack('>I6I6', seen_at, expires_at))
redis.call('PEXPIREAT', KEYS[1], text(expires_at + tonumber(ARGV[5])))
return 1
