-- end-user.lua: ends all of a user's sessions but one, and sets the user's cut-off.
-- KEYS[1]     the user's index              <prefix>u:<0 to 3>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the user id
-- ARGV[3]     the write id
-- ARGV[4]     the instant of the end
-- ARGV[5]     the state byte of the reason
-- ARGV[6]     the id of the session that lives on; empty for none
-- ARGV[7]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[8]     1 when what is due is listed, else 0
-- ARGV[9]     the name of this call, under which its answer is remembered
-- ARGV[10]    the user's score in the index
-- Returns     the ids that it ended, one after the other
-- Complexity  O(n log m), n = the user's sessions, m = the entries of the index

-- @include record
-- @include cut-off
-- @include ids-of
-- @include keep-index
-- @include bury
-- @include answer
-- @include regardless
-- @include whole-slot

local prefix, at, except = ARGV[1], tonumber(ARGV[4]), ARGV[6]
local keep, keeps_due = tonumber(ARGV[7]), ARGV[8] == '1'
local index = index_of(prefix, ARGV[2], KEYS[1], ARGV[10])

-- A write, whatever is stored, so that a confirmation that is waited for behind it means what was ended, and no
-- memory can be lacking for it.
local function keep_cut_off()
  redis.call('PEXPIREAT', index.key, keep_index(index.key, at + CUT_OFF_MS))
end

assert_whole_slot(index.key, prefix)
local answered = answer_of(prefix, ARGV[9])
if answered then
  write_regardless(prefix)
  keep_cut_off()
  return answered
end

local cut_off = cut_off_of(index)
local ended, gone, graves = {}, {}, {}

local function dig(id, state, instant)
  graves[#graves + 1] = {
    id = id, write_id = ARGV[3], state = state, at = instant,
    keep = keep, keeps_due = keeps_due, due_at = due_of(prefix, id, keeps_due),
  }
end

-- A damaged record ends nothing less: nobody can use it, and the user's other sessions must end. The entry of a
-- record that is absent stays: in a slot that is moving it may only seem to be.
local function look_at(id, is_listed)
  local head = head_of(prefix .. 's:' .. id)
  if not is_readable(head) or user_of(head) ~= ARGV[2] then return end
  local state, _, created_at = fields_of(head)
  if state ~= 0 then
    gone[#gone + 1] = id
  elseif is_cut(cut_off, created_at, id) then
    dig(id, cut_off.state, cut_off.at)
  elseif is_listed and id ~= except then
    ended[#ended + 1] = id
    dig(id, ARGV[5], at)
  end
end

for _, id in ipairs(ids_of(index, prefix)) do look_at(id, true) end
-- The index may have lost the session that is excepted now, although the cut-off before has ended it.
if except ~= '' and not redis.call('ZSCORE', index.key, member_of(except)) then look_at(except, false) end

local answer = table.concat(ended)
write_regardless(prefix)
remember_answer(prefix, ARGV[9], answer)
for _, grave in ipairs(graves) do bury(prefix, grave.id, index, grave) end
for _, id in ipairs(gone) do redis.call('ZREM', index.key, member_of(id)) end

-- A later cut-off replaces an earlier one; two of one instant except only what both except.
if not cut_off or cut_off.at <= at then
  if cut_off and cut_off.at == at and cut_off.except ~= except then except = '' end
  if cut_off then redis.call('ZREM', index.key, cut_off.member) end
  redis.call('ZADD', index.key, index.score, cut_off_member(index, ARGV[5], at, except))
end
keep_cut_off()
return answer
