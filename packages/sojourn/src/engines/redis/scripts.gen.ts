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
  readonly name: string
  /** What its function `sojourn_version` answers. */
  readonly version: string
  readonly source: string
}

const RECORD_PART = `local VERSION = 7
local CREATED_AT = 11
local SEEN_AT = 17
local EXPIRES_AT = 23
local ABSOLUTE_AT = 29
local FLAGS = 47
local USER_BYTES = 48
local SEALED_BYTES = 49
local RETIRED_COUNT = 50
local DIGEST = 55
local USER = 87
local HEAD_END = 340
local function number(bytes, at, length)
  local value = 0
  for index = at, at + length - 1 do
    value = value * 256 + string.byte(bytes, index)
  end
  return value
end
local function instant(bytes, at)
  return number(bytes, at, 6)
end
local function text(value)
  return string.format('%.0f', value)
end
local function head_of(key)
  return redis.call('GETRANGE', key, 0, HEAD_END)
end
local function is_readable(head)
  return #head >= USER - 1 and string.byte(head, 5) == 1
end
local function has_ended(head)
  return string.byte(head, 6) ~= 0
end
local function user_of(head)
  return string.sub(head, USER, USER - 1 + string.byte(head, USER_BYTES))
end
local function index_of(prefix, user)
  return prefix .. 'u:' .. string.sub(redis.sha1hex('sojourn/user/v1\\0' .. user), 1, 22)
end
`

const CUT_OFF_PART = `local CUT_OFF_MS = 400 * 86400000
local function cut_off_of(index)
  local first = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
  local score = tonumber(first[2] or 0)
  if score >= 0 then return nil end
  return { member = first[1], at = -score, state = string.sub(first[1], 2, 2), except = string.sub(first[1], 3) }
end
local function is_cut(cut_off, head, id)
  return cut_off ~= nil and instant(head, CREATED_AT) < cut_off.at and id ~= cut_off.except
end
local function keep_index(index, keep)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  local cut_off = cut_off_of(index)
  local until_at = last[2] and tonumber(last[2]) + keep or 0
  if cut_off then until_at = math.max(until_at, cut_off.at + CUT_OFF_MS) end
  if until_at > 0 then redis.call('PEXPIREAT', index, text(until_at)) end
end
`

const BURY_PART = `local LIMIT_STATE = '\\5'
local function due_of(prefix, id, keeps_due)
  if not keeps_due then return nil end
  return tonumber(redis.call('ZSCORE', prefix .. 'due', id) or nil)
end
local function leased_until(score)
  if score == nil or score % 1 == 0 then return 0 end
  return score - 0.5
end
local function bury(prefix, id, index, grave)
  local key = prefix .. 's:' .. id
  redis.call('SETRANGE', key, 0, grave.write_id .. '\\1' .. grave.state)
  redis.call('SETRANGE', key, 40, struct.pack('>I6', grave.at))
  redis.call('PEXPIREAT', key, text(grave.at + grave.keep))
  if index then redis.call('ZREM', index, id) end
  if grave.keeps_due and leased_until(grave.due_at) <= grave.at then
    redis.call('ZADD', prefix .. 'due', text(grave.at), id)
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

const FIND_PART = `local function find(key, id, context)
  local head = head_of(key)
  if head == '' then return nil end
  if not is_readable(head) then return { head = head, is_readable = false } end
  local user = user_of(head)
  local index = user ~= '' and index_of(context.prefix, user) or nil
  local found = { head = head, is_readable = true, index = index, has_ended = has_ended(head) }
  found.due_at = due_of(context.prefix, id, context.keeps_due)
  if found.has_ended or not index then return found end
  local cut_off = cut_off_of(index)
  if not is_cut(cut_off, head, id) then return found end
  found.has_ended = true
  bury(context.prefix, id, index, {
    write_id = string.sub(head, 1, 4), state = cut_off.state, at = cut_off.at,
    keep = context.keep_ended, keeps_due = context.keeps_due, due_at = found.due_at,
  })
  return found
end
`

const CREATE_BODY = `local prefix, id, value, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
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
local function forget_empty_entries()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', index, 0, '+inf', 'LIMIT', 0, 4)) do
    if redis.call('EXISTS', prefix .. 's:' .. member) == 0 then redis.call('ZREM', index, member) end
  end
end
local stored = head_of(KEYS[1])
if stored ~= '' then
  local is_ours = string.sub(stored, 1, 4) == string.sub(value, 1, 4)
    and string.sub(stored, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1)
  if not is_ours then return 1 end
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
if cut_off and cut_off.at > created_at then redis.call('ZADD', index, text(-created_at), cut_off.member) end
redis.call('ZADD', index, text(absolute_at), id)
keep_index(index, keep)
return table.concat(ended)
`

const DUE_HEADS_BODY = `local scores = {}
for place, key in ipairs(KEYS) do
  scores[place] = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or ''
end
return scores
`

const END_USER_BODY = `local prefix, at, keeps_due, except = ARGV[1], tonumber(ARGV[4]), ARGV[7] == '1', ARGV[8]
local index = KEYS[1]
local keep_ended = tonumber(ARGV[6])
local answered = answer_of(prefix, ARGV[10])
if answered then
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
  local is_alive = is_readable(head) and not has_ended(head) and user_of(head) == ARGV[2]
  if is_alive and is_cut(cut_off, head, id) then
    graves[#graves + 1] = { id = id, grave = grave_of(id, cut_off.state, cut_off.at) }
  elseif is_alive and id ~= except then
    ended[#ended + 1] = id
    graves[#graves + 1] = { id = id, grave = grave_of(id, ARGV[5], at) }
  end
end
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
if not cut_off or cut_off.at <= at then
  if cut_off and cut_off.at == at and cut_off.except ~= except then except = '' end
  if cut_off then redis.call('ZREM', index, cut_off.member) end
  redis.call('ZADD', index, text(-at), '!' .. ARGV[5] .. except)
end
keep_index(index, tonumber(ARGV[9]))
return answer
`

const END_BODY = `local context = { prefix = ARGV[1], keep_ended = tonumber(ARGV[6]), keeps_due = ARGV[7] == '1' }
local found = find(KEYS[1], ARGV[2], context)
if not found then return 0 end
if not found.is_readable then return -1 end
if found.has_ended then
  if string.sub(found.head, 1, 4) ~= ARGV[3] then return 0 end
  redis.call('SETRANGE', KEYS[1], 0, ARGV[3])
  return 1
end
bury(context.prefix, ARGV[2], found.index, {
  write_id = ARGV[3], state = ARGV[5], at = tonumber(ARGV[4]),
  keep = context.keep_ended, keeps_due = context.keeps_due, due_at = found.due_at,
})
return 1
`

const LEASE_BODY = `local prefix, now, due = ARGV[1], tonumber(ARGV[2]), KEYS[1]
local lease = text(tonumber(ARGV[3])) .. '.5'
local found = redis.call('ZRANGEBYSCORE', due, '-inf', text(now) .. '.5', 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[4]))
local entries, is_moved = {}, false
for place = 1, #found, 2 do
  local id = found[place]
  local value = redis.call('GET', prefix .. 's:' .. id)
  if not value then
    redis.call('ZREM', due, id)
  elseif not is_readable(value) then
    redis.call('ZADD', due, lease, id)
  elseif not has_ended(value) and instant(value, EXPIRES_AT) > tonumber(found[place + 1]) then
    redis.call('ZADD', due, text(instant(value, EXPIRES_AT)), id)
    is_moved = true
  else
    entries[#entries + 1] = { id = id, score = found[place + 1], value = value }
  end
end
if is_moved then return { tonumber(ARGV[4]) } end
local answer = { #found / 2 }
for _, entry in ipairs(entries) do
  redis.call('ZADD', due, lease, entry.id)
  answer[#answer + 1] = entry.score
  answer[#answer + 1] = entry.id
  answer[#answer + 1] = entry.value
end
return answer
`

const LIST_BODY = `local prefix, now = ARGV[1], tonumber(ARGV[3])
local cut_off = cut_off_of(KEYS[1])
local live = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], 0, '+inf')) do
  local value = redis.call('GET', prefix .. 's:' .. id)
  if value then
    local is_live = is_readable(value) and not has_ended(value) and now < instant(value, EXPIRES_AT)
      and user_of(value) == ARGV[2] and not is_cut(cut_off, value, id)
    if is_live or not is_readable(value) then
      live[#live + 1] = id
      live[#live + 1] = value
    end
  end
end
return live
`

const REPLACE_BODY = `local value = ARGV[3]
local context = { prefix = ARGV[1], keep_ended = tonumber(ARGV[6]), keeps_due = ARGV[7] == '1' }
local found = find(KEYS[1], ARGV[2], context)
if not found then return 0 end
if not found.is_readable then return redis.call('GET', KEYS[1]) end
local head = found.head
local is_same_secret = string.sub(head, DIGEST, USER - 1) == string.sub(value, DIGEST, USER - 1)
if string.sub(head, 1, 4) == string.sub(value, 1, 4) and not found.has_ended
  and string.sub(head, VERSION, VERSION + 3) == string.sub(value, VERSION, VERSION + 3) then
  redis.call('SETRANGE', KEYS[1], 0, string.sub(value, 1, 4))
  return 2
end
if found.has_ended or tonumber(ARGV[4]) >= instant(head, EXPIRES_AT) then return 0 end
if number(head, VERSION, 4) ~= tonumber(ARGV[8]) then return redis.call('GET', KEYS[1]) end
local seen_at, expires_at = instant(value, SEEN_AT), instant(value, EXPIRES_AT)
local stored_seen_at, stored_expires_at = instant(head, SEEN_AT), instant(head, EXPIRES_AT)
local absolute_at = instant(value, ABSOLUTE_AT)
if stored_seen_at > seen_at then seen_at, expires_at = stored_seen_at, stored_expires_at
elseif stored_seen_at == seen_at then expires_at = math.max(expires_at, stored_expires_at) end
expires_at = math.min(expires_at, absolute_at)
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
`

const SETTLE_BODY = `local head = head_of(KEYS[1])
if not is_readable(head) or not has_ended(head) then return 0 end
local due = ARGV[5] == '1' and ARGV[1] .. 'due' or nil
if ARGV[3] == '' then
  if due then redis.call('ZREM', due, ARGV[2]) end
  redis.call('UNLINK', KEYS[1])
  return 1
end
local has_previous = math.floor(string.byte(head, FLAGS) / 2) % 2 == 1
local previous = has_previous and 38 + string.byte(head, SEALED_BYTES) or 0
local data_at = USER + string.byte(head, USER_BYTES) + previous + 14 * string.byte(head, RETIRED_COUNT)
local value = redis.call('GETRANGE', KEYS[1], 0, data_at - 2)
value = string.sub(value, 1, DIGEST - 5) .. '\\0\\0\\0\\0' .. string.sub(value, DIGEST)
if due then redis.call('ZADD', due, ARGV[3], ARGV[2]) end
redis.call('SET', KEYS[1], value, 'PXAT', text(tonumber(ARGV[3]) + tonumber(ARGV[4])))
return 1
`

const TOUCH_BODY = `local context = { prefix = ARGV[1], keep_ended = tonumber(ARGV[6]), keeps_due = ARGV[7] == '1' }
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
`

export const SCRIPTS = {
  create: {
    name: 'create',
    functionName: 'sojourn_create',
    sha1: '18c8e70456192b9a92f32e6e426fdf9866481fee',
    commands: ['EXISTS', 'GET', 'GETRANGE', 'PEXPIREAT', 'SET', 'SETRANGE', 'ZADD', 'ZCARD', 'ZRANGE', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${CUT_OFF_PART}${BURY_PART}${ANSWER_PART}${CREATE_BODY}`,
  },
  dueHeads: {
    name: 'due-heads',
    functionName: 'sojourn_due_heads',
    sha1: 'c5ce6df69effd4bb69746912e40a8f7758aed54d',
    commands: ['ZRANGE'],
    source: `${DUE_HEADS_BODY}`,
  },
  endUser: {
    name: 'end-user',
    functionName: 'sojourn_end_user',
    sha1: '189cc81b5070600ae04938d55b2141ed8a4403e9',
    commands: ['GET', 'GETRANGE', 'PEXPIREAT', 'SET', 'SETRANGE', 'ZADD', 'ZRANGE', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${CUT_OFF_PART}${BURY_PART}${ANSWER_PART}${END_USER_BODY}`,
  },
  end: {
    name: 'end',
    functionName: 'sojourn_end',
    sha1: '9bfc1c5376f8d52a2d4f5d9806e726c812bdca5c',
    commands: ['GETRANGE', 'PEXPIREAT', 'SETRANGE', 'ZADD', 'ZRANGE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${CUT_OFF_PART}${BURY_PART}${FIND_PART}${END_BODY}`,
  },
  lease: {
    name: 'lease',
    functionName: 'sojourn_lease',
    sha1: '565e43f66a37d00182972685fe734cb6208bece0',
    commands: ['GET', 'ZADD', 'ZRANGEBYSCORE', 'ZREM'],
    source: `${RECORD_PART}${BURY_PART}${LEASE_BODY}`,
  },
  list: {
    name: 'list',
    functionName: 'sojourn_list',
    sha1: '56298e40fd13643cd953d6649e63233b59f7bc6f',
    commands: ['GET', 'ZRANGE', 'ZRANGEBYSCORE'],
    source: `${RECORD_PART}${CUT_OFF_PART}${LIST_BODY}`,
  },
  replace: {
    name: 'replace',
    functionName: 'sojourn_replace',
    sha1: '666bf25e895de74cc1378f1c92e625f522746b9c',
    commands: ['GET', 'GETRANGE', 'PEXPIREAT', 'SET', 'SETRANGE', 'ZADD', 'ZRANGE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${CUT_OFF_PART}${BURY_PART}${FIND_PART}${REPLACE_BODY}`,
  },
  settle: {
    name: 'settle',
    functionName: 'sojourn_settle',
    sha1: 'f7bfb0d8e15e74ed340284db71b27f9a1a4f85b8',
    commands: ['GETRANGE', 'SET', 'UNLINK', 'ZADD', 'ZREM'],
    source: `${RECORD_PART}${SETTLE_BODY}`,
  },
  touch: {
    name: 'touch',
    functionName: 'sojourn_touch',
    sha1: '179e3ed44f4021c12080ff2c1feb755b8cfb338a',
    commands: ['GETRANGE', 'PEXPIREAT', 'SETRANGE', 'ZADD', 'ZRANGE', 'ZREM', 'ZSCORE'],
    source: `${RECORD_PART}${CUT_OFF_PART}${BURY_PART}${FIND_PART}${TOUCH_BODY}`,
  },
} as const satisfies Record<string, Script>

export const LIBRARY = {
  name: 'sojourn',
  version: '3c87757ed665',
  source: `#!lua name=sojourn
${RECORD_PART}${CUT_OFF_PART}${BURY_PART}${ANSWER_PART}${FIND_PART}redis.register_function{ function_name = 'sojourn_create', callback = function(KEYS, ARGV)
${CREATE_BODY}end }
redis.register_function{ function_name = 'sojourn_due_heads', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
${DUE_HEADS_BODY}end }
redis.register_function{ function_name = 'sojourn_end_user', callback = function(KEYS, ARGV)
${END_USER_BODY}end }
redis.register_function{ function_name = 'sojourn_end', callback = function(KEYS, ARGV)
${END_BODY}end }
redis.register_function{ function_name = 'sojourn_lease', callback = function(KEYS, ARGV)
${LEASE_BODY}end }
redis.register_function{ function_name = 'sojourn_list', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
${LIST_BODY}end }
redis.register_function{ function_name = 'sojourn_replace', callback = function(KEYS, ARGV)
${REPLACE_BODY}end }
redis.register_function{ function_name = 'sojourn_settle', callback = function(KEYS, ARGV)
${SETTLE_BODY}end }
redis.register_function{ function_name = 'sojourn_touch', callback = function(KEYS, ARGV)
${TOUCH_BODY}end }
redis.register_function{ function_name = 'sojourn_version', flags = { 'no-writes' }, callback = function(KEYS, ARGV)
return '3c87757ed665'
end }
`,
} as const satisfies Library
