-- keep-index.lua: an index stays for as long as one of its sessions may live, or its cut-off is needed.

local function keep_index(index, keep)
  local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  local until_at = last[2] and tonumber(last[2]) + keep or 0
  local cut_at = cut_off_of(index)
  if cut_at then until_at = math.max(until_at, cut_at + CUT_OFF_MS) end
  if until_at > 0 then redis.call('PEXPIREAT', index, until_at) end
end
