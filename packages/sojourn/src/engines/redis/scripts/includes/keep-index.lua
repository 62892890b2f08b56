-- keep-index.lua: an index stays for as long as one of its sessions may live, or one of its cut-offs is needed.

local DAY_MS = 86400000

-- Until when that is, at least `until_at`. The entry `until` tells it, negated, so that the server's clock has no say.
-- A day more than is asked for, so that most calls find it done.
local function keep_index(key, until_at)
  local kept_until = -tonumber(redis.call('ZSCORE', key, 'until') or 0)
  if kept_until >= until_at then return kept_until end
  redis.call('ZADD', key, -until_at - DAY_MS, 'until')
  redis.call('PEXPIREAT', key, until_at + DAY_MS)
  return until_at + DAY_MS
end
