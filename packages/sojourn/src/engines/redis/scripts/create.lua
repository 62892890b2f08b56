-- create.lua: stores a new record and holds the user's limit.
-- KEYS[1]     the record                    <prefix>s:<id>
-- KEYS[2]     the user's index              <prefix>u:<0 to 3>; left out without a user
-- ARGV[1]     the bytes of the record, with the write id
-- ARGV[2]     now
-- ARGV[3]     how long a live record is kept past its deadline, in milliseconds
-- ARGV[4]     1 when what is due is listed, else 0
-- ARGV[5]     the user's limit
-- ARGV[6]     1 when the oldest give way, 0 when a full user is refused
-- ARGV[7]     the id that the limit does not count; empty for none
-- ARGV[8]     the user's score in the index; empty without a user
-- Returns     done: the ids that it ended, one after the other; 1 when the id exists; 0 when the user is full
-- Complexity  O(log m); O(log m + n) at the limit, n = the user's sessions, m = the entries of the index

-- @include record
-- @include cut-off
-- @include ids-of
-- @include keep-index
-- @include bury
-- @include answer
-- @include whole-slot

local value, now, keep, keeps_due = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local prefix, id, user = string.sub(KEYS[1], 1, -19), string.sub(KEYS[1], -16), user_of(value)
local index = index_of(prefix, user, KEYS[2], ARGV[8])

-- The user's sessions that count, the oldest first; and the members whose record is absent.
local function live_sessions(cut_off)
  local live, absent = {}, {}
  for _, each in ipairs(ids_of(index, prefix)) do
    local head = head_of(prefix .. 's:' .. each)
    if head == '' then
      absent[#absent + 1] = member_of(each)
    elseif is_readable(head) and each ~= ARGV[7] and user_of(head) == user then
      local state, _, created_at, _, expires_at = fields_of(head)
      if state == 0 and now < expires_at and not is_cut(cut_off, created_at, each) then
        live[#live + 1] = { id = each, created_at = created_at, due_at = due_of(prefix, each, keeps_due) }
      end
    end
  end
  table.sort(live, function(a, b)
    if a.created_at ~= b.created_at then return a.created_at < b.created_at end
    return a.id < b.id
  end)
  return live, absent
end

-- Whoever logs in often and lets each session idle out would else have every call look at all that ever were. What
-- is absent here is nowhere: in a slot that is moving a server refuses this script, whose first key is no key yet,
-- unless it has forgotten the move (docs/operations/redis.md, Cluster).
local function forget(absent)
  for from = 1, #absent, 1000 do
    redis.call('ZREM', index.key, unpack(absent, from, math.min(from + 999, #absent)))
  end
end

-- Records leave by themselves, their entries do not. One new session in four takes away what serves nobody of the
-- sixteen entries behind its own; which one and where is chance, because ids and hashes are.
local function tidy()
  if string.byte(id, 16) % 4 ~= 0 then return end
  local place = redis.call('ZRANK', index.key, member_of(id))
  -- The index has left at once: by the server's clock the session was over before it began.
  if not place then return end
  for _, member in ipairs(redis.call('ZRANGE', index.key, digits_of(place + 1), digits_of(place + 16))) do
    if is_cut_off(member) then
      if cut_off_in(member).at + CUT_OFF_MS < now then redis.call('ZREM', index.key, member) end
    elseif redis.call('EXISTS', prefix .. 's:' .. id_of(member, prefix)) == 0 then
      redis.call('ZREM', index.key, member)
    end
  end
end

if keeps_due then assert_whole_slot(KEYS[1], prefix) end
-- The write id and digest of this call: it was sent twice.
local stored = head_of(KEYS[1])
if stored ~= '' then
  local is_ours = write_id_of(stored) == write_id_of(value)
    and string.sub(stored, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1)
  if not is_ours then return 1 end
  -- A write, so that a confirmation that is waited for behind it means this record.
  redis.call('SETRANGE', KEYS[1], '12', write_id_of(value))
  return answer_of(prefix, id) or ''
end

local count = index and redis.call('ZCOUNT', index.key, index.score, index.score) or 0
local live, absent, surplus, max = {}, {}, 0, tonumber(ARGV[5])
local cut_off = count > 0 and cut_off_of(index) or nil
if count + 1 > max then
  live, absent = live_sessions(cut_off)
  surplus = #live + 1 - max
  if surplus > 0 and ARGV[6] == '0' then
    forget(absent)
    return 0
  end
end
local ended = {}
for place = 1, surplus do ended[place] = live[place].id end
local answer = table.concat(ended)

local _, _, created_at, _, expires_at, absolute_at = fields_of(value)
remember_answer(prefix, id, answer)
redis.call('SET', KEYS[1], value, 'PXAT', digits_of(expires_at + keep))
if keeps_due then redis.call('ZADD', prefix .. 'due', expires_at, id) end
if not index then return '' end

for place = 1, surplus do
  bury(prefix, live[place].id, index, {
    write_id = write_id_of(value), state = '\5', at = now,
    keep = keep, keeps_due = keeps_due, due_at = live[place].due_at,
  })
end
forget(absent)
redis.call('ZADD', index.key, index.score, member_of(id))
keep_index(index.key, absolute_at + keep)
tidy()
-- The cut-off gives way to a session that is older by its clock.
if cut_off and cut_off.at > created_at then
  redis.call('ZREM', index.key, cut_off.member)
  redis.call('ZADD', index.key, index.score, cut_off_member(index, cut_off.state, created_at, cut_off.except))
end
return answer
