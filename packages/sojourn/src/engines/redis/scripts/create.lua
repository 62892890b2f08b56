-- create.lua: stores a new record and holds the user's limit.
-- KEYS[1]     the record                    <prefix>s:<id>
-- KEYS[2]     the user's index              <prefix>u:<hash>; left out without a user
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the session id
-- ARGV[3]     the bytes of the record, with the write id
-- ARGV[4]     now
-- ARGV[5]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[6]     how long a tombstone is kept, in milliseconds
-- ARGV[7]     1 when what is due is listed, else 0
-- ARGV[8]     the user's limit
-- ARGV[9]     1 when the oldest give way, 0 when a full user is refused
-- ARGV[10]    the id that the limit does not count; empty for none
-- Returns     done: the ids that it ended, one after the other; 1 when the id exists; 0 when the user is full
-- Complexity  O(log n); O(n) at the limit, n = the user's sessions

-- @include record
-- @include cut-off
-- @include bury
-- @include answer

local prefix, id, value, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local keep, keeps_due = tonumber(ARGV[5]), ARGV[7] == '1'
local index = KEYS[2]

local function is_counted(head, cut_off, member)
  return is_readable(head) and not has_ended(head) and now < instant(head, EXPIRES_AT)
    and member ~= ARGV[10] and not is_cut(cut_off, head, member)
end

local function is_older(a, b)
  if a.created_at ~= b.created_at then return a.created_at < b.created_at end
  return a.id < b.id
end

local function live_sessions(cut_off)
  local live = {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', index, 0, '+inf')) do
    local head = head_of(prefix .. 's:' .. member)
    if is_counted(head, cut_off, member) then
      local due_at = due_of(prefix, member, keeps_due)
      live[#live + 1] = { id = member, created_at = instant(head, CREATED_AT), due_at = due_at }
    end
  end
  table.sort(live, is_older)
  return live
end

-- Records leave by themselves, their entries do not: each new session takes away a few that are empty.
local function forget_empty_entries()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', index, 0, '+inf', 'LIMIT', 0, 4)) do
    if redis.call('EXISTS', prefix .. 's:' .. member) == 0 then redis.call('ZREM', index, member) end
  end
end

-- The write id and digest of this call: it was sent twice.
local stored = head_of(KEYS[1])
if stored ~= '' then
  local is_ours = string.sub(stored, 1, 4) == string.sub(value, 1, 4)
    and string.sub(stored, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1)
  if not is_ours then return 1 end
  -- A write, so that a confirmation that is waited for behind it means this record.
  redis.call('SETRANGE', KEYS[1], 0, string.sub(value, 1, 4))
  return answer_of(prefix, id) or ''
end

local live, surplus = {}, 0
local cut_off = nil
if index then
  cut_off = cut_off_of(index)
  local max = tonumber(ARGV[8])
  if redis.call('ZCARD', index) + 1 > max then
    live = live_sessions(cut_off)
    surplus = #live + 1 - max
  end
  if surplus > 0 and ARGV[9] == '0' then return 0 end
end

local expires_at, absolute_at = instant(value, EXPIRES_AT), instant(value, ABSOLUTE_AT)
local ended = {}
for place = 1, surplus do ended[place] = live[place].id end
remember_answer(prefix, id, table.concat(ended))
redis.call('SET', KEYS[1], value, 'PXAT', text(expires_at + keep))
if keeps_due then redis.call('ZADD', prefix .. 'due', text(expires_at), id) end
if not index then return '' end

for place = 1, surplus do
  local grave = { write_id = string.sub(value, 1, 4), state = LIMIT_STATE, at = now }
  grave.keep, grave.keeps_due, grave.due_at = tonumber(ARGV[6]), keeps_due, live[place].due_at
  bury(prefix, live[place].id, index, grave)
end
forget_empty_entries()
local created_at = instant(value, CREATED_AT)
-- The cut-off gives way to a session that is older by its clock.
if cut_off and cut_off.at > created_at then redis.call('ZADD', index, text(-created_at), cut_off.member) end
redis.call('ZADD', index, text(absolute_at), id)
keep_index(index, keep)
return table.concat(ended)
