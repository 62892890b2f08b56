-- cut-off.lua: a user's last `endUser`. It is the member of the user's index with a negative score, the
-- instant; the member is `!`, the state byte of its reason, and the id of the session that it excepts.

local CUT_OFF_MS = 400 * 86400000

local function cut_off_of(index)
  local first = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
  local score = tonumber(first[2] or 0)
  if score >= 0 then return nil end
  return { member = first[1], at = -score, state = string.sub(first[1], 2, 2), except = string.sub(first[1], 3) }
end

local function is_cut(cut_off, head, id)
  return cut_off ~= nil and instant(head, CREATED_AT) < cut_off.at and id ~= cut_off.except
end

-- The index stays for as long as one of its sessions may live, or its cut-off is needed.
local function keep_index(index, keep)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  local cut_off = cut_off_of(index)
  local until_at = last[2] and tonumber(last[2]) + keep or 0
  if cut_off then until_at = math.max(until_at, cut_off.at + CUT_OFF_MS) end
  if until_at > 0 then redis.call('PEXPIREAT', index, text(until_at)) end
end
