-- record.lua: where the parts of a stored record are, and what follows from them.
-- Offsets count from 1: four bytes of write id, then the layout of engines/record-layout.ts.

local VERSION = 7
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
-- The fixed part with the longest user id, as GETRANGE counts: from 0, both ends included.
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

-- Lua would print large numbers as 2.8e+14.
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

-- The key of a user's sessions. Only SHA-1 is at hand here; it keeps names out of keys, and proves nothing.
local function index_of(prefix, user)
  return prefix .. 'u:' .. string.sub(redis.sha1hex('sojourn/user/v1\0' .. user), 1, 22)
end
