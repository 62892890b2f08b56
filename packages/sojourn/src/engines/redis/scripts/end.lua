-- end.lua: ends a session, once.
-- KEYS[1]     the record                    <prefix>s:<id>
-- ARGV[1]     the write id
-- ARGV[2]     the instant of the end
-- ARGV[3]     the state byte of the reason
-- ARGV[4]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[5]     1 when what is due is listed, else 0
-- Returns     1 when this call ended it, 0 when it was absent, had ended or has not expired, -1 when the record cannot be read
-- Complexity  O(log m), m = the entries of the index

-- @include record
-- @include deadlines
-- @include cut-off
-- @include bury
-- @include user-index
-- @include find
-- @include regardless
-- @include whole-slot

local keep, keeps_due = tonumber(ARGV[4]), ARGV[5] == '1'
local prefix = string.sub(KEYS[1], 1, -19)
if keeps_due then assert_whole_slot(KEYS[1], prefix) end
local head, index, due_at, has_ended = find(KEYS[1], keep, keeps_due)
if not head then return 0 end
if has_ended == nil then return -1 end
if has_ended then
  -- Its user's cut-off has ended it just now.
  if string.byte(head, 18) == 0 then return 0 end
  -- It writes all the same, so that a confirmation that is waited for behind it means this end, whoever made it:
  -- who is told that a session had ended may rely on it as much as who ended it.
  local stored = write_id_of(head)
  write_regardless(prefix)
  redis.call('SETRANGE', KEYS[1], '12', stored)
  -- The write id of this call: it was sent twice.
  return stored == ARGV[1] and 1 or 0
end
-- It was found expired, and somebody has used it since.
local _, _, _, _, expires_at = fields_of(head)
local is_expiry = ARGV[3] == IDLE or ARGV[3] == ABSOLUTE
if is_expiry and expires_at > tonumber(ARGV[2]) then return 0 end
bury(prefix, string.sub(KEYS[1], -16), index, {
  write_id = ARGV[1], state = ARGV[3], at = tonumber(ARGV[2]),
  keep = keep, keeps_due = keeps_due, due_at = due_at,
})
return 1
