-- index-of.lua: the key of a user's index, where a call could not bring it.

-- Only SHA-1 is at hand here; it keeps names out of keys, and proves nothing.
local function index_of(prefix, user)
  if user == '' then return nil end
  return prefix .. 'u:' .. string.sub(redis.sha1hex('sojourn/user/v1\0' .. user), 1, 22)
end
