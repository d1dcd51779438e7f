-- Adds what another site knows of a day beside its figures: visitors, hours and most read; once.
--
-- KEYS  1 import (the number of the last part added)  2 visitors:<day>  3 top:<day>  4 hours:<day>
--       5 a key that is needed for a moment
-- ARGV  1 number of the part  2 seconds that the import is remembered
--       3 seconds: visitors  4 seconds: top:<day>, hours:<day>  5 articles kept in a most-read set
--       6 HyperLogLog (empty: none)  7 how many hours follow: hour, views …; then path, views …
-- Reply 1 if added now, 0 if it was before
-- Error WRONGTYPE or BADVALUE, before any figure is written

local import, visitors, top, hours, moment = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local keep, hours_to = tonumber(ARGV[5]), 7 + 2 * tonumber(ARGV[7])

if tonumber(ARGV[1]) <= number(redis.call('GET', import), import) then return 0 end
local known = redis.call('PFCOUNT', visitors)
local size = redis.call('ZCARD', top)
local sums = {}
for i = 8, hours_to, 2 do
  sums[#sums + 1] = ARGV[i]
  sums[#sums + 1] = number(redis.call('HGET', hours, ARGV[i]), hours) + tonumber(ARGV[i + 1])
end

if ARGV[6] ~= '' then
  redis.call('SET', moment, ARGV[6], 'EX', 60)
  -- One that is none is refused here.
  redis.call('PFCOUNT', moment)
  redis.call('PFMERGE', visitors, moment)
  redis.call('UNLINK', moment)
  if known == 0 then redis.call('EXPIRE', visitors, ARGV[3]) end
end
redis.call('SET', import, ARGV[1], 'EX', ARGV[2])
if #sums > 0 then
  redis.call('HSET', hours, unpack(sums))
  redis.call('EXPIRE', hours, ARGV[4])
end
for i = hours_to + 1, #ARGV, 2 do redis.call('ZINCRBY', top, ARGV[i + 1], ARGV[i]) end
if size == 0 then redis.call('EXPIRE', top, ARGV[4]) end
if redis.call('ZCARD', top) > 2 * keep then redis.call('ZREMRANGEBYRANK', top, 0, -keep - 1) end
return 1
