-- user-index.lua: where a user's sessions are noted. The users of a bucket share four indexes, so that a session's
-- entry takes some bytes and not a key of its own. An index is a sorted set: the entries of a user have one score,
-- the first 48 bits of the user's hash, and a member is an id without its bucket. Two users of one score share
-- nothing else: records hold the user id, and cut-offs the whole hash.
-- @include digits

local INDEXES = 4

-- Only SHA-1 is at hand here: it keeps user ids out of keys, and proves nothing.
local function hash_of(user)
  return redis.sha1hex('sojourn/user/v1\0' .. user)
end

-- Key, score and user; nil without a user. A call that knows key and score brings them.
local function index_of(prefix, user, key, score)
  if user == '' then return nil end
  if not key then
    local number = tonumber(string.sub(hash_of(user), 1, 12), 16)
    key, score = prefix .. 'u:' .. number % INDEXES, digits_of(number)
  end
  return { key = key, score = score, user = user }
end

local function member_of(id)
  return string.sub(id, 3)
end
