-- ids-of.lua: the sessions that a user's index names.
-- @include user-index
-- @include cut-off

-- The bucket is the last but two and three of the prefix, and begins each id.
local function id_of(member, prefix)
  return string.sub(prefix, -4, -3) .. member
end

-- With those of another user who has the same score: their records tell.
local function ids_of(index, prefix)
  local ids = {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', index.key, index.score, index.score)) do
    if not is_cut_off(member) then ids[#ids + 1] = id_of(member, prefix) end
  end
  return ids
end
