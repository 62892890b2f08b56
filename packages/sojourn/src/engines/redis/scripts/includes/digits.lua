-- digits.lua: whole numbers as commands take them.

-- A number that is given to a command as it is is written for 17 digits, as any double, and that takes as long as the
-- command. For the same reason numbers that are known stand in quotes.
local function digits_of(number)
  return string.format('%d', number)
end
