-- cut-off.lua: a user's last `endUser`, in the user's index. The member is `!`, the user's hash, the state byte of
-- the reason, the instant in 6 bytes, and the id of the session that it excepts.
-- @include user-index

local CUT_OFF_MS = 400 * 86400000

local function is_cut_off(member)
  return string.byte(member) == 33
end

local function cut_off_in(member)
  return {
    member = member, state = string.sub(member, 42, 42), at = struct.unpack('>I6', member, 43),
    except = string.sub(member, 49),
  }
end

local function cut_off_member(index, state, at, except)
  return '!' .. hash_of(index.user) .. state .. struct.pack('>I6', at) .. except
end

-- Nil without one. It is first of all that have its score, unless another user has that score and a cut-off too.
local function cut_off_of(index)
  for place = 0, math.huge do
    local first = place == 0 and '0' or digits_of(place)
    local member = redis.call('ZRANGEBYSCORE', index.key, index.score, index.score, 'LIMIT', first, '1')[1]
    if not member or not is_cut_off(member) then return nil end
    if string.sub(member, 2, 41) == hash_of(index.user) then return cut_off_in(member) end
  end
end

local function is_cut(cut_off, created_at, id)
  return cut_off ~= nil and created_at < cut_off.at and id ~= cut_off.except
end
