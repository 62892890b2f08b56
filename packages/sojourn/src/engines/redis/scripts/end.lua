-- end.lua: ends a session, once.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the session id
-- ARGV[3]     the write id
-- ARGV[4]     the instant of the end
-- ARGV[5]     the state byte of the reason
-- ARGV[6]     how long a tombstone is kept, in milliseconds
-- ARGV[7]     1 when what is due is listed, else 0
-- Returns     1 when this call ended it, 0 when it was absent or had ended, -1 when the record cannot be read
-- Complexity  O(log n), n = the user's sessions

-- @include record
-- @include cut-off
-- @include bury
-- @include find

local context = { prefix = ARGV[1], keep_ended = tonumber(ARGV[6]), keeps_due = ARGV[7] == '1' }

local found = find(KEYS[1], ARGV[2], context)
if not found then return 0 end
if not found.is_readable then return -1 end
if found.has_ended then
  if string.sub(found.head, 1, 4) ~= ARGV[3] then return 0 end
  -- The write id of this call: it was sent twice. It writes all the same, so that a confirmation that is waited
  -- for behind it means this record.
  redis.call('SETRANGE', KEYS[1], 0, ARGV[3])
  return 1
end
bury(context.prefix, ARGV[2], found.index, {
  write_id = ARGV[3], state = ARGV[5], at = tonumber(ARGV[4]),
  keep = context.keep_ended, keeps_due = context.keeps_due, due_at = found.due_at,
})
return 1
