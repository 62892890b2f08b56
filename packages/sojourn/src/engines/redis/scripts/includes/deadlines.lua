-- deadlines.lua: the state bytes of the two reasons that are deadlines.

local IDLE, ABSOLUTE = '\3', '\4'
