-- answer.lua: what a call answered is kept for a minute where it cannot be told from what is stored, so that
-- the same call, sent again after a lost reply, gets the same answer.

local ANSWER_MS = 60000

local function answer_of(prefix, name)
  return redis.call('GET', prefix .. 'a:' .. name)
end

local function remember_answer(prefix, name, answer)
  if answer ~= '' then redis.call('SET', prefix .. 'a:' .. name, answer, 'PX', ANSWER_MS) end
end
