-- record.lua: where the parts of a stored record are, and what follows from them.
-- Offsets count from 1: four bytes of write id, then the layout of engines/record-layout.ts.

local USER_BYTES = 48
local DIGEST = 55
local USER = 87
-- The fixed part with the longest user id, as GETRANGE counts: from 0, both ends included.
local HEAD_END = 340

local function head_of(key)
  return redis.call('GETRANGE', key, 0, HEAD_END)
end

local function is_readable(head)
  return #head >= 86 and string.byte(head, 5) == 1
end

-- State, version, createdAt, seenAt, expiresAt, absoluteAt.
local function fields_of(head)
  return struct.unpack('>BI4I6I6I6I6', head, 6)
end

local function user_of(head)
  return string.sub(head, USER, 86 + string.byte(head, USER_BYTES))
end
