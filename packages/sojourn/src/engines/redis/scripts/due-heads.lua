-- due-heads.lua: the first instant in each of some lists of what is due.
-- KEYS[1..]   the lists                     <prefix>due
-- Returns     the score of each one's first entry; empty where there is none
-- Complexity  O(k log n), k = the lists, n = the longest

local scores = {}
for place, key in ipairs(KEYS) do
  scores[place] = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or ''
end
return scores
