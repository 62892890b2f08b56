// Written by `npm run gen` from the files in scripts/. Change those.

export interface Script {
  readonly name: string
  /** Its name in the library. */
  readonly functionName: string
  readonly sha1: string
  /** What it calls, itself or through what it includes. */
  readonly commands: readonly string[]
  readonly source: string
}

interface Library {
  /** With a digest of the source: a server may hold those of several releases. */
  readonly name: string
  readonly source: string
}

const LIBRARY_NAME = 'sojourn_050ea57641d4'

const RECORD_PART = `local USER_BYTES = 60
local DIGEST = 67
local USER = 99
local function head_of(key)
  return redis.call('GETRANGE', key, '0', '352')
end
local function is_readable(head)
  return #head >= 98 and string.byte(head, 17) == 1
end
local function fields_of(head)
  return struct.unpack('>BI4I6I6I6I6', head, 18)
end
local function write_id_of(head)
  return string.sub(head, 13, 16)
end
local function user_of(head)
  return string.sub(head, USER, 98 + string.byte(head, USER_BYTES))
end
`

const DIGITS_PART = `local function digits_of(number)
  return string.format('%d', number)
end
`

const USER_INDEX_PART = `local INDEXES = 4
local function hash_of(user)
  return redis.sha1hex('sojourn/user/v1\\0' .. user)
end
local function index_of(prefix, user, key, score)
  if user == '' then return nil end
  if not key then
    local number = tonumber(string.sub(hash_of(user), 1, 12), 16)
    key, score = prefix .. 'u:' .. number % INDEXES, digits_of(number)
  end
  return { key = key, score = score, user = user }
end
local function member_of(id)
  return string.sub(id, 3)
end
`

const CUT_OFF_PART = `local CUT_OFF_MS = 400 * 86400000
local function is_cut_off(member)
  return string.byte(member) == 33
end
local function cut_off_in(member)
  return {
    member = member, state = string.sub(member, 42, 42), at = struct.unpack('>I6', member, 43),
    except = string.sub(member, 49),
  }
end
local function cut_off_member(index, state, at, except)
  return '!' .. hash_of(index.user) .. state .. struct.pack('>I6', at) .. except
end
local function cut_off_of(index)
  for place = 0, math.huge do
    local first = place == 0 and '0' or digits_of(place)
    local member = redis.call('ZRANGEBYSCORE', index.key, index.score, index.score, 'LIMIT', first, '1')[1]
    if not member or not is_cut_off(member) then return nil end
    if string.sub(member, 2, 41) == hash_of(index.user) then return cut_off_in(member) end
  end
end
local function is_cut(cut_off, created_at, id)
  return cut_off ~= nil and created_at < cut_off.at and id ~= cut_off.except
end
`

const IDS_OF_PART = `local function id_of(member, prefix)
  return string.sub(prefix, -4, -3) .. member
end
local function ids_of(index, prefix)
  local ids = {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', index.key, index.score, index.score)) do
    if not is_cut_off(member) then ids[#ids + 1] = id_of(member, prefix) end
  end
  return ids
end
`

const KEEP_INDEX_PART = `local DAY_MS = 86400000
local function keep_index(key, until_at)
  local kept_until = -tonumber(redis.call('ZSCORE', key, 'until') or 0)
  if kept_until >= until_at then return kept_until end
  redis.call('ZADD', key, -until_at - DAY_MS, 'until')
  redis.call('PEXPIREAT', key, until_at + DAY_MS)
  return until_at + DAY_MS
end
`

const BURY_PART = `local TOMBSTONE_MS = 600000
local function due_of(prefix, id, keeps_due)
  return keeps_due and tonumber(redis.call('ZSCORE', prefix .. 'due', id) or nil) or nil
end
local function leased_until(score)
  if score == nil or score % 1 == 0 then return 0 end
  return score - 0.5
end
local function bury(prefix, id, index, grave)
  local key = prefix .. 's:' .. id
  redis.call('PEXPIREAT', key, digits_of(grave.at + grave.keep + TOMBSTONE_MS))
  local is_there = redis.call('EXISTS', key) == 1
  if is_there then
    redis.call('SETRANGE', key, '12', grave.write_id .. '\\1' .. grave.state)
    redis.call('SETRANGE', key, '52', struct.pack('>I6', grave.at))
  end
  if index then redis.call('ZREM', index.key, member_of(id)) end
  if is_there and grave.keeps_due and leased_until(grave.due_at) <= grave.at then
    redis.call('ZADD', prefix .. 'due', grave.at, id)
  end
end
`

const ANSWER_PART = `local ANSWER_MS = 60000
local function answer_of(prefix, name)
  return redis.call('GET', prefix .. 'a:' .. name)
end
local function remember_answer(prefix, name, answer)
  if answer ~= '' then redis.call('SET', prefix .. 'a:' .. name, answer, 'PX', ANSWER_MS) end
end
`

const WHOLE_SLOT_PART = `local function assert_whole_slot(key, prefix)
  redis.call('EXISTS', key, prefix .. 'none')
end
`

const REGARDLESS_PART = `local function write_regardless(prefix)
  redis.call('UNLINK', prefix .. 'none')
end
`

const DEADLINES_PART = `local IDLE, ABSOLUTE = '\\3', '\\4'
`

const FIND_PART = `local function find(key, keep, keeps_due)
  local head = head_of(key)
  if head == '' then return nil end
  if not is_readable(head) then return head end
  local prefix, id, user = string.sub(key, 1, -19), string.sub(key, -16), user_of(head)
  local state, _, created_at = fields_of(head)
  local index = index_of(prefix, user)
  local due_at = due_of(prefix, id, keeps_due)
  if state ~= 0 then return head, index, due_at, true end
  if not index then return head, nil, due_at, false end
  local cut_off = cut_off_of(index)
  if not is_cut(cut_off, created_at, id) then return head, index, due_at, false end
  bury(prefix, id, index, {
    write_id = write_id_of(head), state = cut_off.state, at = cut_off.at,
    keep = keep, keeps_due = keeps_due, due_at = due_at,
  })
  return head, index, due_at, true
end
`

const CREATE_BODY = `local value, now, keep, keeps_due = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4] == '1'
local prefix, id, user = string.sub(KEYS[1], 1, -19), string.sub(KEYS[1], -16), user_of(value)
local index = index_of(prefix, user, KEYS[2], ARGV[8])
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
local function forget(absent)
  for from = 1, #absent, 1000 do
    redis.call('ZREM', index.key, unpack(absent, from, math.min(from + 999, #absent)))
  end
end
local function tidy()
  if string.byte(id, 16) % 4 ~= 0 then return end
  local place = redis.call('ZRANK', index.key, member_of(id))
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
local stored = head_of(KEYS[1])
if stored ~= '' then
  local is_ours = write_id_of(stored) == write_id_of(value)
    and string.sub(stored, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1)
  if not is_ours then return 1 end
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
    write_id = write_id_of(value), state = '\\5', at = now,
    keep = keep, keeps_due = keeps_due, due_at = live[place].due_at,
  })
end
forget(absent)
redis.call('ZADD', index.key, index.score, member_of(id))
keep_index(index.key, absolute_at + keep)
tidy()
if cut_off and cut_off.at > created_at then
  redis.call('ZREM', index.key, cut_off.member)
  redis.call('ZADD', index.key, index.score, cut_off_member(index, cut_off.state, created_at, cut_off.except))
end
return answer
`

const DUE_HEADS_BODY = `local scores = {}
for place, key in ipairs(KEYS) do
  scores[place] = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or ''
end
return scores
`

const END_USER_BODY = `local prefix, at, except = ARGV[1], tonumber(ARGV[4]), ARGV[6]
local keep, keeps_due = tonumber(ARGV[7]), ARGV[8] == '1'
local index = index_of(prefix, ARGV[2], KEYS[1], ARGV[10])
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
if except ~= '' and not redis.call('ZSCORE', index.key, member_of(except)) then look_at(except, false) end
local answer = table.concat(ended)
write_regardless(prefix)
remember_answer(prefix, ARGV[9], answer)
for _, grave in ipairs(graves) do bury(prefix, grave.id, index, grave) end
for _, id in ipairs(gone) do redis.call('ZREM', index.key, member_of(id)) end
if not cut_off or cut_off.at <= at then
  if cut_off and cut_off.at == at and cut_off.except ~= except then except = '' end
  if cut_off then redis.call('ZREM', index.key, cut_off.member) end
  redis.call('ZADD', index.key, index.score, cut_off_member(index, ARGV[5], at, except))
end
keep_cut_off()
return answer
`

const END_BODY = `local keep, keeps_due = tonumber(ARGV[4]), ARGV[5] == '1'
local prefix = string.sub(KEYS[1], 1, -19)
if keeps_due then assert_whole_slot(KEYS[1], prefix) end
local head, index, due_at, has_ended = find(KEYS[1], keep, keeps_due)
if not head then return 0 end
if has_ended == nil then return -1 end
if has_ended then
  if string.byte(head, 18) == 0 then return 0 end
  local stored = write_id_of(head)
  write_regardless(prefix)
  redis.call('SETRANGE', KEYS[1], '12', stored)
  return stored == ARGV[1] and 1 or 0
end
local _, _, _, _, expires_at = fields_of(head)
local is_expiry = ARGV[3] == IDLE or ARGV[3] == ABSOLUTE
if is_expiry and expires_at > tonumber(ARGV[2]) then return 0 end
bury(prefix, string.sub(KEYS[1], -16), index, {
  write_id = ARGV[1], state = ARGV[3], at = tonumber(ARGV[2]),
  keep = keep, keeps_due = keeps_due, due_at = due_at,
})
return 1
`

const LEASE_BODY = `local NEVER = 281474976710655
local prefix, now, due, keep = ARGV[1], tonumber(ARGV[2]), KEYS[1], tonumber(ARGV[5])
local lease = tonumber(ARGV[3]) + 0.5
local function tombstone_of(value, state, at)
  local head = string.sub(value, 1, 17) .. state .. string.sub(value, 19, 52)
  return head .. struct.pack('>I6', at) .. string.sub(value, 59)
end
local function ended(entry)
  local _, _, created_at, _, expires_at, absolute_at = fields_of(entry.value)
  local index = index_of(prefix, user_of(entry.value))
  local cut_off = index and cut_off_of(index)
  local state, at = expires_at < absolute_at and IDLE or ABSOLUTE, expires_at
  local is_lost = is_cut(cut_off, created_at, entry.id)
  if is_lost then
    state, at = cut_off.state, cut_off.at
  elseif absolute_at == NEVER then
    return entry.value, 0
  end
  bury(prefix, entry.id, index, { write_id = write_id_of(entry.value), state = state, at = at, keep = keep })
  return tombstone_of(entry.value, state, at), is_lost and 0 or 1
end
assert_whole_slot(due, prefix)
local found = redis.call('ZRANGEBYSCORE', due, '-inf', now + 0.5, 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[4]))
local entries, is_moved = {}, false
if #found > 0 then write_regardless(prefix) end
for place = 1, #found, 2 do
  local id, score = found[place], tonumber(found[place + 1])
  local value = redis.call('GET', prefix .. 's:' .. id)
  if not value then
    redis.call('ZREM', due, id)
  elseif not is_readable(value) then
    redis.call('ZADD', due, lease, id)
  else
    local state, _, _, _, expires_at = fields_of(value)
    if state == 0 and expires_at > score then
      redis.call('ZADD', due, expires_at, id)
      is_moved = true
    else
      entries[#entries + 1] = { id = id, score = found[place + 1], value = value, lives = state == 0 }
    end
  end
end
if is_moved then return { tonumber(ARGV[4]) } end
local answer, leases = { #found / 2 }, {}
for _, entry in ipairs(entries) do
  local value, is_ended = entry.value, 0
  if entry.lives then value, is_ended = ended(entry) end
  leases[#leases + 1] = lease
  leases[#leases + 1] = entry.id
  for _, part in ipairs({ entry.score, entry.id, value, is_ended }) do
    answer[#answer + 1] = part
  end
end
if #leases > 0 then redis.call('ZADD', due, unpack(leases)) end
return answer
`

const LIST_BODY = `local prefix, now = ARGV[1], tonumber(ARGV[3])
assert_whole_slot(KEYS[1], prefix)
local index = index_of(prefix, ARGV[2], KEYS[1], ARGV[4])
local cut_off = cut_off_of(index)
local live = {}
local function add(id, value)
  live[#live + 1] = id
  live[#live + 1] = value
end
for _, id in ipairs(ids_of(index, prefix)) do
  local value = redis.call('GET', prefix .. 's:' .. id)
  if value and not is_readable(value) then
    add(id, value)
  elseif value and user_of(value) == ARGV[2] then
    local state, _, created_at, _, expires_at = fields_of(value)
    if state == 0 and now < expires_at and not is_cut(cut_off, created_at, id) then add(id, value) end
  end
end
return live
`

const REPLACE_BODY = `local value, keep, keeps_due = ARGV[1], tonumber(ARGV[3]), ARGV[4] == '1'
local head = head_of(KEYS[1])
if head == '' then return 0 end
if not is_readable(head) then return redis.call('GET', KEYS[1]) end
local state, version, created_at, seen_at, expires_at, absolute_at = fields_of(head)
local _, new_version, new_created_at, new_seen_at, new_expires_at, new_absolute_at = fields_of(value)
if state ~= 0 then return 0 end
local is_expected = version == tonumber(ARGV[5])
for back = 0, is_expected and -1 or 3 do
  local is_ours = string.sub(head, 13 - 4 * back, 16 - 4 * back) == write_id_of(value)
  if is_ours and new_version <= version - back then
    redis.call('SETRANGE', KEYS[1], '12', write_id_of(head))
    return 2
  end
end
local id, prefix = string.sub(KEYS[1], -16), string.sub(KEYS[1], 1, -19)
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
`

const SCAN_SLOT_BODY = `local records = string.sub(KEYS[1], 1, -4) .. 's:'
assert_whole_slot(KEYS[1], string.sub(KEYS[1], 1, -4))
local ids = {}
local count = redis.call('CLUSTER', 'COUNTKEYSINSLOT', ARGV[1])
for _, key in ipairs(redis.call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], digits_of(count))) do
  if string.sub(key, 1, -17) == records then ids[#ids + 1] = string.sub(key, -16) end
end
return table.concat(ids)
`

const SCAN_BODY = `local LOOKED_AT = 1000
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local cursor, wanted = ARGV[1] == run and ARGV[2] or '0', tonumber(ARGV[3])
local ids, looked_at = {}, 0
repeat
  local step = math.min(wanted - #ids, LOOKED_AT - looked_at)
  local reply = redis.call('SCAN', cursor, 'MATCH', KEYS[1], 'COUNT', digits_of(step))
  cursor = reply[1]
  for _, key in ipairs(reply[2]) do ids[#ids + 1] = string.sub(key, -16) end
  looked_at = looked_at + step
until cursor == '0' or #ids >= wanted or looked_at >= LOOKED_AT
return { run, cursor, table.concat(ids) }
`

const SETTLE_BODY = `local prefix, keep_until = string.sub(KEYS[1], 1, -19), tonumber(ARGV[1])
local due = ARGV[3] == '1' and prefix .. 'due' or nil
if due or #ARGV > 4 then assert_whole_slot(KEYS[1], prefix) end
local function without_data(key, head)
  local flags, user_bytes, sealed_bytes, retired = string.byte(head, 59, 62)
  local previous = math.floor(flags / 2) % 2 == 1 and 38 + sealed_bytes or 0
  local size = USER - 1 + user_bytes + previous + 14 * retired
  local value = size > #head and redis.call('GETRANGE', key, 0, size - 1) or string.sub(head, 1, size)
  return string.sub(value, 1, DIGEST - 5) .. '\\0\\0\\0\\0' .. string.sub(value, DIGEST)
end
local settled = {}
for place = 4, #ARGV do
  local key = prefix .. 's:' .. ARGV[place]
  local head = head_of(key)
  if is_readable(head) and string.byte(head, 18) ~= 0 then
    settled[#settled + 1] = { id = ARGV[place], key = key, value = keep_until and without_data(key, head) }
  end
end
if keep_until and #settled > 0 then write_regardless(prefix) end
for _, each in ipairs(settled) do
  if keep_until then
    if due then redis.call('ZADD', due, keep_until, each.id) end
    redis.call('SET', each.key, each.value, 'PXAT', keep_until + tonumber(ARGV[2]))
  else
    if due then redis.call('ZREM', due, each.id) end
    redis.call('UNLINK', each.key)
  end
end
return #settled
`

const TOUCH_BODY = `local given_seen_at, keep, keeps_due = tonumber(ARGV[1]), tonumber(ARGV[3]), ARGV[4] == '1'
local head, _, due_at, has_ended = find(KEYS[1], keep, keeps_due)
if not head or has_ended then return 0 end
if has_ended == nil then return -1 end
local prefix, is_unlisted = string.sub(KEYS[1], 1, -19), keeps_due and not due_at
if is_unlisted then assert_whole_slot(KEYS[1], prefix) end
local _, _, _, seen_at, expires_at, absolute_at = fields_of(head)
if given_seen_at >= expires_at then return 0 end
local new_seen_at = math.max(given_seen_at, seen_at)
local new_expires_at = math.max(math.min(tonumber(ARGV[2]), absolute_at), expires_at)
redis.call('PEXPIREAT', KEYS[1], digits_of(new_expires_at + keep))
redis.call('SETRANGE', KEYS[1], '28', struct.pack('>I6I6', new_seen_at, new_expires_at))
if is_unlisted then redis.call('ZADD', prefix .. 'due', new_expires_at, string.sub(KEYS[1], -16)) end
return 1
`

export const SCRIPTS = {
  create: {
    name: 'create',
    functionName: `${LIBRARY_NAME}_create`,
    sha1: 'c38d76ea9f7f10dba56565e3aa6c7ab271e2d13a',
    commands: ['EXISTS', 'GET', 'GETRANGE', 'PEXPIREAT', 'SET', 'SETRANGE', 'ZADD', 'ZCOUNT', 'ZRANGE', 'ZRANGEBYSCORE', 'ZRANK', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${IDS_OF_PART}${KEEP_INDEX_PART}${BURY_PART}${ANSWER_PART}${WHOLE_SLOT_PART}${CREATE_BODY}`,
  },
  dueHeads: {
    name: 'due-heads',
    functionName: `${LIBRARY_NAME}_due_heads`,
    sha1: 'c5ce6df69effd4bb69746912e40a8f7758aed54d',
    commands: ['ZRANGE'],
    source: `${DUE_HEADS_BODY}`,
  },
  endUser: {
    name: 'end-user',
    functionName: `${LIBRARY_NAME}_end_user`,
    sha1: '9923b2189f9a84752752761dd77549a5a8c43d4d',
    commands: ['EXISTS', 'GET', 'GETRANGE', 'PEXPIREAT', 'SET', 'SETRANGE', 'UNLINK', 'ZADD', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${IDS_OF_PART}${KEEP_INDEX_PART}${BURY_PART}${ANSWER_PART}${REGARDLESS_PART}${WHOLE_SLOT_PART}${END_USER_BODY}`,
  },
  end: {
    name: 'end',
    functionName: `${LIBRARY_NAME}_end`,
    sha1: 'fa893df82f314f005db9e26d5a31d04397f908c0',
    commands: ['EXISTS', 'GETRANGE', 'PEXPIREAT', 'SETRANGE', 'UNLINK', 'ZADD', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${DEADLINES_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${BURY_PART}${FIND_PART}${REGARDLESS_PART}${WHOLE_SLOT_PART}${END_BODY}`,
  },
  lease: {
    name: 'lease',
    functionName: `${LIBRARY_NAME}_lease`,
    sha1: '78322724ab810863262c9c7b0cb88cbb5b9d76ff',
    commands: ['EXISTS', 'GET', 'PEXPIREAT', 'SETRANGE', 'UNLINK', 'ZADD', 'ZRANGEBYSCORE', 'ZREM'],
    source: `${RECORD_PART}${DEADLINES_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${BURY_PART}${WHOLE_SLOT_PART}${REGARDLESS_PART}${LEASE_BODY}`,
  },
  list: {
    name: 'list',
    functionName: `${LIBRARY_NAME}_list`,
    sha1: '242583ef95fef0f04f943dd55627e93c256abb87',
    commands: ['EXISTS', 'GET', 'ZRANGEBYSCORE'],
    source: `${RECORD_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${IDS_OF_PART}${WHOLE_SLOT_PART}${LIST_BODY}`,
  },
  replace: {
    name: 'replace',
    functionName: `${LIBRARY_NAME}_replace`,
    sha1: 'd2abf8322d70b7ecaf115957d11a44bce10e99f5',
    commands: ['EXISTS', 'GET', 'GETRANGE', 'PEXPIREAT', 'SET', 'SETRANGE', 'ZADD', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${KEEP_INDEX_PART}${BURY_PART}${REPLACE_BODY}`,
  },
  scanSlot: {
    name: 'scan-slot',
    functionName: `${LIBRARY_NAME}_scan_slot`,
    sha1: '4ab9409979eb7e6bf061b0b64ebcab8d8d26bc62',
    commands: ['CLUSTER', 'EXISTS'],
    source: `${DIGITS_PART}${WHOLE_SLOT_PART}${SCAN_SLOT_BODY}`,
  },
  scan: {
    name: 'scan',
    functionName: `${LIBRARY_NAME}_scan`,
    sha1: '3ba37d50c89acc7764fc8a41d3314c3eb8dfbabc',
    commands: ['INFO', 'SCAN'],
    source: `${DIGITS_PART}${SCAN_BODY}`,
  },
  settle: {
    name: 'settle',
    functionName: `${LIBRARY_NAME}_settle`,
    sha1: 'fa8967bd3bcbe3a3a4d9f1b94b6f115b6b76b627',
    commands: ['EXISTS', 'GETRANGE', 'SET', 'UNLINK', 'ZADD', 'ZREM'],
    source: `${RECORD_PART}${WHOLE_SLOT_PART}${REGARDLESS_PART}${SETTLE_BODY}`,
  },
  touch: {
    name: 'touch',
    functionName: `${LIBRARY_NAME}_touch`,
    sha1: '94e55c3a81377a0cbcf9b21af40b1a4826262a39',
    commands: ['EXISTS', 'GETRANGE', 'PEXPIREAT', 'SETRANGE', 'ZADD', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${BURY_PART}${FIND_PART}${WHOLE_SLOT_PART}${TOUCH_BODY}`,
  },
} as const satisfies Record<string, Script>

export const LIBRARY = {
  name: LIBRARY_NAME,
  source: `#!lua name=${LIBRARY_NAME}
${RECORD_PART}${DIGITS_PART}${USER_INDEX_PART}${CUT_OFF_PART}${IDS_OF_PART}${KEEP_INDEX_PART}${BURY_PART}${ANSWER_PART}${WHOLE_SLOT_PART}${REGARDLESS_PART}${DEADLINES_PART}${FIND_PART}redis.register_function{ function_name = '${LIBRARY_NAME}_create', callback = function(KEYS, ARGV)
${CREATE_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_due_heads', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
${DUE_HEADS_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_end_user', flags = { 'allow-oom' }, callback = function(KEYS, ARGV)
${END_USER_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_end', flags = { 'allow-oom' }, callback = function(KEYS, ARGV)
${END_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_lease', flags = { 'allow-oom' }, callback = function(KEYS, ARGV)
${LEASE_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_list', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
${LIST_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_replace', callback = function(KEYS, ARGV)
${REPLACE_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_scan_slot', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
${SCAN_SLOT_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_scan', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
${SCAN_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_settle', flags = { 'allow-oom' }, callback = function(KEYS, ARGV)
${SETTLE_BODY}end }
redis.register_function{ function_name = '${LIBRARY_NAME}_touch', flags = { 'allow-oom' }, callback = function(KEYS, ARGV)
${TOUCH_BODY}end }
`,
} as const satisfies Library
