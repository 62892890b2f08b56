-- end-user.lua: ends all of a user's sessions but one, and sets the user's cut-off.
-- KEYS[1]     the user's index              <prefix>u:<hash>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the user id
-- ARGV[3]     the write id
-- ARGV[4]     the instant of the end
-- ARGV[5]     the state byte of the reason
-- ARGV[6]     how long a tombstone is kept, in milliseconds
-- ARGV[7]     1 when what is due is listed, else 0
-- ARGV[8]     the id of the session that lives on; empty for none
-- ARGV[9]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[10]    the name of this call, under which its answer is remembered
-- Returns     the ids that it ended, one after the other
-- Complexity  O(n log n), n = the user's sessions

-- @include record
-- @include cut-off
-- @include bury
-- @include answer

local prefix, at, keeps_due, except = ARGV[1], tonumber(ARGV[4]), ARGV[7] == '1', ARGV[8]
local index = KEYS[1]
local keep_ended = tonumber(ARGV[6])

local answered = answer_of(prefix, ARGV[10])
if answered then
  -- A write, so that a confirmation that is waited for behind it means what was ended.
  keep_index(index, tonumber(ARGV[9]))
  return answered
end

local function grave_of(id, state, instant_of_end)
  return {
    write_id = ARGV[3], state = state, at = instant_of_end,
    keep = keep_ended, keeps_due = keeps_due, due_at = due_of(prefix, id, keeps_due),
  }
end

local cut_off = cut_off_of(index)
local ids, ended, graves = redis.call('ZRANGEBYSCORE', index, 0, '+inf'), {}, {}
for _, id in ipairs(ids) do
  local head = head_of(prefix .. 's:' .. id)
  -- A damaged record ends nothing less: nobody can use it, and the user's other sessions must end.
  local is_alive = is_readable(head) and not has_ended(head) and user_of(head) == ARGV[2]
  if is_alive and is_cut(cut_off, head, id) then
    graves[#graves + 1] = { id = id, grave = grave_of(id, cut_off.state, cut_off.at) }
  elseif is_alive and id ~= except then
    ended[#ended + 1] = id
    graves[#graves + 1] = { id = id, grave = grave_of(id, ARGV[5], at) }
  end
end
-- The index may have lost the session that is excepted now, although the cut-off before has ended it.
local is_listed = except ~= '' and redis.call('ZSCORE', index, except)
if except ~= '' and not is_listed then
  local head = head_of(prefix .. 's:' .. except)
  local is_users = is_readable(head) and not has_ended(head) and user_of(head) == ARGV[2]
  if is_users and is_cut(cut_off, head, except) then
    graves[#graves + 1] = { id = except, grave = grave_of(except, cut_off.state, cut_off.at) }
  end
end

local answer = table.concat(ended)
remember_answer(prefix, ARGV[10], answer)
for _, each in ipairs(graves) do bury(prefix, each.id, index, each.grave) end
for _, id in ipairs(ids) do
  if id ~= except then redis.call('ZREM', index, id) end
end

-- A later cut-off replaces an earlier one; two of one instant except only what both except.
if not cut_off or cut_off.at <= at then
  if cut_off and cut_off.at == at and cut_off.except ~= except then except = '' end
  if cut_off then redis.call('ZREM', index, cut_off.member) end
  redis.call('ZADD', index, text(-at), '!' .. ARGV[5] .. except)
end
keep_index(index, tonumber(ARGV[9]))
return answer
