-- scan-slot.lua: the ids of a bucket's records, from the names of the keys in its slot. For a cluster.
-- KEYS[1]     the bucket's list of what is due  <prefix>due
-- ARGV[1]     the bucket's slot
-- Returns     the ids one after the other, in no order
-- Complexity  O(n), n = the keys in the slot

-- @include digits
-- @include whole-slot

local records = string.sub(KEYS[1], 1, -4) .. 's:'
assert_whole_slot(KEYS[1], string.sub(KEYS[1], 1, -4))
local ids = {}
local count = redis.call('CLUSTER', 'COUNTKEYSINSLOT', ARGV[1])
for _, key in ipairs(redis.call('CLUSTER', 'GETKEYSINSLOT', ARGV[1], digits_of(count))) do
  -- Not by the order of the ids: Lua compares by the server's locale.
  if string.sub(key, 1, -17) == records then ids[#ids + 1] = string.sub(key, -16) end
end
return table.concat(ids)
