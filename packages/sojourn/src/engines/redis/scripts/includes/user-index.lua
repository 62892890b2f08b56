-- user-index.lua: where a user's sessions are noted. The users of a bucket share four indexes, so that a session's
-- entry takes some bytes and not a key of its own. An index is a sorted set: the entries of a user have one score,
-- the first 48 bits of the user's hash, and a member is an id without its bucket. Two users of one score share
-- nothing else: records hold the user id, and cut-offs the whole hash.

local INDEXES = 4

-- Key, score and hash; nil without a user. A call that knows the key brings it. Only SHA-1 is at hand here: it keeps
-- user ids out of keys, and proves nothing.
local function index_of(prefix, user, key)
  if user == '' then return nil end
  local hash = redis.sha1hex('sojourn/user/v1\0' .. user)
  local score = tonumber(string.sub(hash, 1, 12), 16)
  return { key = key or prefix .. 'u:' .. score % INDEXES, score = score, hash = hash }
end

local function member_of(id)
  return string.sub(id, 3)
end
