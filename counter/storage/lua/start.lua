-- Sets the figure from which a site's total starts, in one unit.
--
-- KEYS  1 total
-- ARGV  1 the unit: views, visits or visitors  2 its start  3 1: only where none was given yet
-- Reply the start that now holds
-- Error WRONGTYPE or BADVALUE, before anything is written

local unit, start = ARGV[1], tonumber(ARGV[2])
local t = redis.call('HMGET', KEYS[1], 'start:' .. unit, unit)
local old, sum = number(t[1], KEYS[1]), number(t[2], KEYS[1])
if t[1] and ARGV[3] == '1' then return old end
redis.call('HSET', KEYS[1], 'start:' .. unit, start, unit, sum - old + start)
return start
