-- list.lua: a user's live records.
-- KEYS[1]     the user's index              <prefix>u:<0 to 3>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the user id
-- ARGV[3]     now
-- ARGV[4]     the user's score in the index
-- Returns     id and bytes of each, in turn
-- Complexity  O(log m + n), n = the user's sessions, m = the entries of the index

-- @include record
-- @include cut-off
-- @include ids-of
-- @include whole-slot

local prefix, now = ARGV[1], tonumber(ARGV[3])
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
    -- The caller says what is wrong with it.
    add(id, value)
  elseif value and user_of(value) == ARGV[2] then
    local state, _, created_at, _, expires_at = fields_of(value)
    if state == 0 and now < expires_at and not is_cut(cut_off, created_at, id) then add(id, value) end
  end
end
return live
