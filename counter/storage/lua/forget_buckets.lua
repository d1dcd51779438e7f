-- Forgets the articles of some buckets: a step of forgetting a site.
--
-- KEYS  1 audit  2 total  3 prefix of the article buckets  4 … the most-read sets
-- ARGV  1 who  2 entries that the audit log keeps  3 the first bucket  4 the last one
-- Reply { articles that are left; buckets that there are }
-- Error WRONGTYPE or BADVALUE, before anything is written

local log, total, prefix, first = KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[3])

redis.call('XLEN', log)
local t = redis.call('HMGET', total, 'articles', 'buckets', 'views')
for i = 1, 3 do t[i] = number(t[i], total) end
local buckets, gone = {}, 0
for bucket = first, math.min(tonumber(ARGV[4]), math.max(t[2], 1) - 1) do
  buckets[#buckets + 1] = prefix .. bucket
  gone = gone + redis.call('HLEN', prefix .. bucket)
end

-- Taking away is what a store without memory still lets us do, and all that follows in the call.
if first == 0 then
  redis.call('UNLINK', unpack(KEYS, 4))
  record(log, ARGV[2], ARGV[1], 'forget', 'the whole site, from here on',
    { 'before:views', t[3], 'before:articles', t[1] })
end
if gone > 0 then
  redis.call('UNLINK', unpack(buckets))
  redis.call('HSET', total, 'articles', math.max(t[1] - gone, 0))
end
return { math.max(t[1] - gone, 0), t[2] }
