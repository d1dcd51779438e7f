-- Forgets one day: its figures leave the totals, and the closing sums of the days after it.
--
-- KEYS  1 audit  2 days  3 total  4 visitors:<day>  5 top:<day>  6 hours:<day>
-- ARGV  1 who  2 entries that the audit log keeps  3 the day
-- Reply { 1 if there was such a day, else 0; its views, visits, visitors; the total's views before }
-- Error WRONGTYPE or BADVALUE, before anything is written
--
-- Articles keep their views: which of them were of this day is not recorded.

local log, days, total, day = KEYS[1], KEYS[2], KEYS[3], ARGV[3]
local UNITS = { 'views', 'visits', 'visitors' }

redis.call('XLEN', log)
local t = redis.call('HMGET', total, unpack(UNITS))
for i = 1, 3 do t[i] = number(t[i], total) end
local fields = { day .. ':v', day .. ':s', day .. ':u', day .. ':t' }
local d = redis.call('HMGET', days, unpack(fields))
local there = d[1] or d[2] or d[3] or d[4]
for i = 1, 3 do d[i] = number(d[i], days) end
local later, recorded = {}, redis.call('HGETALL', days)
for i = 1, #recorded, 2 do
  local name = string.match(recorded[i], '^(%d+):t$')
  if name and name > day then
    local v, s, u = string.match(recorded[i + 1], '^(%d+) (%d+) (%d+)$')
    if not v then
      error({ err = 'BADVALUE ' .. days .. ' ' .. recorded[i] .. ' is not three sums' })
    end
    later[#later + 1] = { recorded[i], int(v - d[1]) .. ' ' .. int(s - d[2]) .. ' ' .. int(u - d[3]) }
  end
end
if not there then return { 0, 0, 0, 0, t[1] } end

-- Taking away is what a store without memory still lets us do, and all that follows in the call.
redis.call('UNLINK', KEYS[4], KEYS[5], KEYS[6])
redis.call('HDEL', days, unpack(fields))
for _, entry in ipairs(later) do redis.call('HSET', days, entry[1], entry[2]) end
local figures = {}
for i, unit in ipairs(UNITS) do
  redis.call('HSET', total, unit, t[i] - d[i])
  for _, pair in ipairs({ { 'before:' .. unit, d[i] }, { 'before:total ' .. unit, t[i] },
    { 'after:total ' .. unit, t[i] - d[i] } }) do
    figures[#figures + 1] = pair[1]
    figures[#figures + 1] = pair[2]
  end
end
record(log, ARGV[2], ARGV[1], 'forget', 'day ' .. day, figures)
return { 1, d[1], d[2], d[3], t[1] }
