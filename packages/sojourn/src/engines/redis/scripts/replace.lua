-- replace.lua: compare-and-swap on the version.
-- KEYS[1]     the record                    <prefix>s:<id>
-- KEYS[2]     the user's index              <prefix>u:<0 to 3>; left out without a user
-- ARGV[1]     the bytes of the record, with the write id
-- ARGV[2]     now
-- ARGV[3]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[4]     1 when what is due is listed, else 0
-- ARGV[5]     the version that must be stored
-- ARGV[6]     the user's score in the index; empty without a user
-- Returns     1 when done, 2 when done and the secret is another one; 0 when gone; the stored bytes at a conflict
-- Complexity  O(log m), m = the entries of the index

-- @include record
-- @include cut-off
-- @include keep-index
-- @include user-index
-- @include bury

local value, keep, keeps_due = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1'
local head = head_of(KEYS[1])
if head == '' then return 0 end
if not is_readable(head) then return redis.call('GET', KEYS[1]) end
local state, version, created_at, seen_at, expires_at, absolute_at = fields_of(head)
local _, new_version, new_created_at, new_seen_at, new_expires_at, new_absolute_at = fields_of(value)
if state ~= 0 then return 0 end

local is_expected = version == tonumber(ARGV[5])

-- This call may be among the last writes: it was sent twice, and others have perhaps replaced what it stored. A
-- conflict for an answer would have the change made once more.
for back = 0, is_expected and -1 or 3 do
  local is_ours = string.sub(head, 13 - 4 * back, 16 - 4 * back) == write_id_of(value)
  if is_ours and new_version <= version - back then
    -- A write, so that a confirmation that is waited for behind it means this record.
    redis.call('SETRANGE', KEYS[1], '12', write_id_of(head))
    return 2
  end
end

local id, prefix = string.sub(KEYS[1], -16), string.sub(KEYS[1], 1, -19)
-- User and creation never change.
local user, given_user = user_of(head), user_of(value)
if user ~= given_user then
  value = string.sub(value, 1, USER_BYTES - 1) .. string.char(#user) .. string.sub(value, USER_BYTES + 1, USER - 1)
    .. user .. string.sub(value, USER + #given_user)
end
local index = index_of(prefix, user, user == given_user and KEYS[2], ARGV[6])
local due_at = due_of(prefix, id, keeps_due)
if index then
  local cut_off = cut_off_of(index)
  if is_cut(cut_off, created_at, id) then
    bury(prefix, id, index, {
      write_id = write_id_of(head), state = cut_off.state, at = cut_off.at,
      keep = keep, keeps_due = keeps_due, due_at = due_at,
    })
    return 0
  end
end
if tonumber(ARGV[2]) >= expires_at then return 0 end
if not is_expected then return redis.call('GET', KEYS[1]) end

-- Of the last activity with its deadline the later one stays, within the absolute deadline that is to be stored.
local seen_to_be, expires_to_be = new_seen_at, new_expires_at
if seen_at > new_seen_at then seen_to_be, expires_to_be = seen_at, expires_at
elseif seen_at == new_seen_at and expires_at > new_expires_at then expires_to_be = expires_at end
if expires_to_be > new_absolute_at then expires_to_be = new_absolute_at end
value = string.sub(head, 5, 16) .. string.sub(value, 13)
if seen_to_be ~= new_seen_at or expires_to_be ~= new_expires_at or created_at ~= new_created_at then
  value = string.sub(value, 1, 22) .. struct.pack('>I6I6I6', created_at, seen_to_be, expires_to_be) .. string.sub(value, 41)
end

redis.call('SET', KEYS[1], value, 'PXAT', digits_of(expires_to_be + keep))
if index and new_absolute_at > absolute_at then keep_index(index.key, new_absolute_at + keep) end
if due_at then
  local earliest = math.max(expires_to_be, leased_until(due_at))
  if earliest < due_at then redis.call('ZADD', prefix .. 'due', earliest, id) end
end
return string.sub(head, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1) and 1 or 2
