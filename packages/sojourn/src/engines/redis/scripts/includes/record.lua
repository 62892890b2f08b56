-- record.lua: where the parts of a stored record are, and what follows from them.
-- Offsets count from 1: the ids of the last four writes, the newest last, then the layout of
-- engines/record-layout.ts.

local USER_BYTES = 60
local DIGEST = 67
local USER = 99

-- The fixed part with the longest user id, as GETRANGE counts: from 0, both ends included.
local function head_of(key)
  return redis.call('GETRANGE', key, '0', '352')
end

local function is_readable(head)
  return #head >= 98 and string.byte(head, 17) == 1
end

-- State, version, createdAt, seenAt, expiresAt, absoluteAt.
local function fields_of(head)
  return struct.unpack('>BI4I6I6I6I6', head, 18)
end

-- Of the last write.
local function write_id_of(head)
  return string.sub(head, 13, 16)
end

local function user_of(head)
  return string.sub(head, USER, 98 + string.byte(head, USER_BYTES))
end
