-- replace.lua: compare-and-swap on the version.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the session id
-- ARGV[3]     the bytes of the record, with the write id
-- ARGV[4]     now
-- ARGV[5]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[6]     how long a tombstone is kept, in milliseconds
-- ARGV[7]     1 when what is due is listed, else 0
-- ARGV[8]     the version that must be stored
-- Returns     1 when done, 2 when done and the secret is another one; 0 when gone; the stored bytes at a conflict
-- Complexity  O(1)

-- @include record
-- @include cut-off
-- @include bury
-- @include find

local value = ARGV[3]
local context = { prefix = ARGV[1], keep_ended = tonumber(ARGV[6]), keeps_due = ARGV[7] == '1' }

local found = find(KEYS[1], ARGV[2], context)
if not found then return 0 end
if not found.is_readable then return redis.call('GET', KEYS[1]) end
local head = found.head
local is_same_secret = string.sub(head, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1)
-- The write id and version of this call: it was sent twice. It writes all the same, so that a confirmation that
-- is waited for behind it means this record.
if string.sub(head, 1, 4) == string.sub(value, 1, 4) and not found.has_ended
  and string.sub(head, VERSION, VERSION + 3) == string.sub(value, VERSION, VERSION + 3) then
  redis.call('SETRANGE', KEYS[1], 0, string.sub(value, 1, 4))
  return 2
end
if found.has_ended or tonumber(ARGV[4]) >= instant(head, EXPIRES_AT) then return 0 end
if number(head, VERSION, 4) ~= tonumber(ARGV[8]) then return redis.call('GET', KEYS[1]) end

-- Of the last activity with its deadline the later one stays, within the absolute deadline that is to be stored.
local seen_at, expires_at = instant(value, SEEN_AT), instant(value, EXPIRES_AT)
local stored_seen_at, stored_expires_at = instant(head, SEEN_AT), instant(head, EXPIRES_AT)
local absolute_at = instant(value, ABSOLUTE_AT)
if stored_seen_at > seen_at then seen_at, expires_at = stored_seen_at, stored_expires_at
elseif stored_seen_at == seen_at then expires_at = math.max(expires_at, stored_expires_at) end
expires_at = math.min(expires_at, absolute_at)

-- User and creation never change.
local user, given_user = user_of(head), user_of(value)
if user ~= given_user then
  value = string.sub(value, 1, USER_BYTES - 1) .. string.char(#user) .. string.sub(value, USER_BYTES + 1, USER - 1)
    .. user .. string.sub(value, USER + #given_user)
end
value = string.sub(value, 1, CREATED_AT - 1) .. string.sub(head, CREATED_AT, CREATED_AT + 5)
  .. struct.pack('>I6I6', seen_at, expires_at) .. string.sub(value, ABSOLUTE_AT)

local keep = tonumber(ARGV[5])
redis.call('SET', KEYS[1], value, 'PXAT', text(expires_at + keep))
if found.index and instant(head, ABSOLUTE_AT) ~= absolute_at then
  redis.call('ZADD', found.index, 'XX', text(absolute_at), ARGV[2])
  keep_index(found.index, keep)
end
local earliest = math.max(expires_at, leased_until(found.due_at))
if found.due_at and earliest < found.due_at then
  redis.call('ZADD', context.prefix .. 'due', text(earliest), ARGV[2])
end
return is_same_secret and 1 or 2
