-- cut-off.lua: a user's last `endUser`. It is the member of the user's index with a negative score, the
-- instant; the member is `!`, the state byte of its reason, and the id of the session that it excepts.

local CUT_OFF_MS = 400 * 86400000

-- Its score, negated, and the member; nil without one.
local function cut_off_of(index)
  local first = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
  local score = tonumber(first[2])
  if score and score < 0 then return -score, first[1] end
end

local function is_cut(cut_at, cut_off, created_at, id)
  return cut_at ~= nil and created_at < cut_at and id ~= string.sub(cut_off, 3)
end
