-- regardless.lua: lets a script write a few bytes although the server is out of memory.

-- The server refuses the first write of a script only, and never one that takes something away. No key has this
-- name. For what must not fail for want of memory, such as a log-out.
local function write_regardless(prefix)
  redis.call('UNLINK', prefix .. 'none')
end
