-- Sets the figure from which a site's total starts, in one unit.
--
-- KEYS  1 total  2 audit
-- ARGV  1 the unit: views, visits or visitors  2 its start  3 1: only where none was given yet
--       4 who, for the audit log; empty: the service itself, which needs no entry
--       5 entries that the audit log keeps
-- Reply { the start that now holds; the one before }
-- Error WRONGTYPE or BADVALUE, before anything is written

local total, log, unit, start = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local t = redis.call('HMGET', total, 'start:' .. unit, unit)
local old, sum = number(t[1], total), number(t[2], total)
if t[1] and (ARGV[3] == '1' or old == start) then return { old, old } end
if ARGV[4] ~= '' then
  record(log, ARGV[5], ARGV[4], 'set', 'start of ' .. unit, {
    'before:start', old, 'after:start', start,
    'before:' .. unit, sum, 'after:' .. unit, sum - old + start })
end
redis.call('HSET', total, 'start:' .. unit, start, unit, sum - old + start)
return { start, old }
