-- bury.lua: makes a tombstone of a record that has not ended.
-- @include user-index

-- So much longer than a live record a tombstone is kept past its instant: what still races with the end finds it.
local TOMBSTONE_MS = 600000

-- The score of a record's entry in the list of what is due; nil without one. Read before anything is written:
-- in a slot that is moving, a key that is gone already stops a script here, and not half-way.
local function due_of(prefix, id, keeps_due)
  return keeps_due and tonumber(redis.call('ZSCORE', prefix .. 'due', id) or nil) or nil
end

-- A score that ends in a half is a lease.
local function leased_until(score)
  if score == nil or score % 1 == 0 then return 0 end
  return score - 0.5
end

-- `grave`: write_id, state (its byte), at, keep, keeps_due, due_at.
local function bury(prefix, id, index, grave)
  local key = prefix .. 's:' .. id
  -- First, because a server that is out of memory refuses a script's first write only, and never this one: nobody
  -- stays logged in for want of memory. What follows overwrites in place.
  redis.call('PEXPIREAT', key, digits_of(grave.at + grave.keep + TOMBSTONE_MS))
  -- By the server's clock the tombstone's time may be over, and then it is gone. Written to all the same, a piece of a
  -- record would stay for ever.
  local is_there = redis.call('EXISTS', key) == 1
  if is_there then
    redis.call('SETRANGE', key, '12', grave.write_id .. '\1' .. grave.state)
    redis.call('SETRANGE', key, '52', struct.pack('>I6', grave.at))
  end
  if index then redis.call('ZREM', index.key, member_of(id)) end
  if is_there and grave.keeps_due and leased_until(grave.due_at) <= grave.at then
    redis.call('ZADD', prefix .. 'due', grave.at, id)
  end
end
