-- Reads a site's figures and some of its articles at one moment; writes nothing.
--
-- KEYS  1 days  2 total  3 online  4 prefix of the article buckets
-- ARGV  1 now (ms)  2 online window (ms)  3 the unit: v, s or u
--       4 how many days follow, then the days, then the paths, each with its CRC-32
-- Reply { online; total's views, visits, visitors; articles; each day's count; each path's views }
-- Error WRONGTYPE or BADVALUE

local t = redis.call('HMGET', KEYS[2], 'views', 'visits', 'visitors', 'articles', 'buckets')
for i = 1, 5 do t[i] = number(t[i], KEYS[2]) end
local last = 4 + tonumber(ARGV[4])
local fields = {}
for i = 5, last do fields[#fields + 1] = ARGV[i] .. ':' .. ARGV[3] end
local counts = redis.call('HMGET', KEYS[1], unpack(fields))
for i = 1, #counts do counts[i] = number(counts[i], KEYS[1]) end
local buckets = math.max(t[5], 1)
local size = round_of(buckets)
local views = {}
for i = last + 1, #ARGV, 2 do
  local bucket = KEYS[4] .. bucket_of(tonumber(ARGV[i + 1]), buckets, size)
  views[#views + 1] = number(redis.call('HGET', bucket, ARGV[i]), bucket)
end
local online = redis.call('ZCOUNT', KEYS[3], '(' .. int(tonumber(ARGV[1]) - tonumber(ARGV[2])), '+inf')
return { online, t[1], t[2], t[3], t[4], counts, views }
