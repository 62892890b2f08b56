-- whole-slot.lua: stops a script in a slot that is moving between servers.

-- Each of the two then has some of the slot's keys, and the others seem to be absent there: a log-out would miss
-- sessions, and a list that is begun anew would be in the way of the one that comes. No key has this name, and a
-- server refuses several keys of such a slot of which one is absent.
local function assert_whole_slot(key, prefix)
  redis.call('EXISTS', key, prefix .. 'none')
end
