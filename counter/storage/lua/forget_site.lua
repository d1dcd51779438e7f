-- Forgets what is left of a site, all at one moment: the last step, and the only one that changes
-- the site's figures. What is counted after it is counted for a new site.
--
-- KEYS  1 audit  2 total  3 prefix of the article buckets  4 … all other keys of figures
-- ARGV  1 who  2 entries that the audit log keeps
-- Reply the total's views, visits, visitors before
-- Error WRONGTYPE or BADVALUE, before anything is written

local log, total, prefix = KEYS[1], KEYS[2], KEYS[3]
local UNITS = { 'views', 'visits', 'visitors' }

redis.call('XLEN', log)
local t = redis.call('HMGET', total, 'views', 'visits', 'visitors', 'buckets')
for i = 1, 4 do t[i] = number(t[i], total) end

-- Taking away is what a store without memory still lets us do, and all that follows in the call.
redis.call('UNLINK', total, unpack(KEYS, 4))
-- All but a few of them are gone already, and what is not there costs next to nothing.
for first = 0, math.max(t[4], 1) - 1, 1000 do
  local buckets = {}
  for bucket = first, math.min(first + 999, math.max(t[4], 1) - 1) do
    buckets[#buckets + 1] = prefix .. bucket
  end
  redis.call('UNLINK', unpack(buckets))
end
local figures = {}
for i, unit in ipairs(UNITS) do
  figures[4 * i - 3], figures[4 * i - 2] = 'before:' .. unit, t[i]
  figures[4 * i - 1], figures[4 * i] = 'after:' .. unit, 0
end
record(log, ARGV[2], ARGV[1], 'forget', 'the whole site', figures)
return { t[1], t[2], t[3] }
