-- Copies all of a site's figures at one moment, so that they can be read at leisure.
--
-- KEYS  1 total  2 days  3 prefix of the article buckets  4 prefix of the copies
-- ARGV  1 seconds that the copies live
-- Reply how many buckets were copied; the copies are <prefix>total, <prefix>days, <prefix>a:<bucket>
-- Error WRONGTYPE or BADVALUE; OOM when there is no room for so much

local total, days, prefix, copies = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local buckets = math.max(number(redis.call('HGET', total, 'buckets'), total), 1)

local function copy(source, target)
  if redis.call('COPY', source, target, 'REPLACE') == 1 then
    redis.call('EXPIRE', target, ARGV[1])
  end
end

copy(total, copies .. 'total')
copy(days, copies .. 'days')
for bucket = 0, buckets - 1 do copy(prefix .. bucket, copies .. 'a:' .. bucket) end
return buckets
