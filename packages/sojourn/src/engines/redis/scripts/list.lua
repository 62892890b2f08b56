-- list.lua: a user's live records.
-- KEYS[1]     the user's index              <prefix>u:<hash>
-- ARGV[1]     the prefix of the bucket's keys
-- ARGV[2]     the user id
-- ARGV[3]     now
-- Returns     id and bytes of each, in turn
-- Complexity  O(n), n = the user's sessions

-- @include record
-- @include cut-off

local prefix, now = ARGV[1], tonumber(ARGV[3])
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
