-- Reads a site's figures and some of its articles at one moment; writes nothing.
--
-- KEYS  1 days  2 total  3 online  4 aliases  5 prefix of the article buckets
-- ARGV  1 now (ms)  2 online window (ms)  3 the unit: v, s or u
--       4 how many days follow, then the days, then the paths, each with its CRC-32
-- Reply { online; total's views, visits, visitors; articles; each day's count; each path's views }
-- Error WRONGTYPE or BADVALUE

local t = redis.call('HMGET', KEYS[2], 'views', 'visits', 'visitors', 'articles', 'buckets',
  'aliases')
for i = 1, 6 do t[i] = number(t[i], KEYS[2]) end
local last = 4 + tonumber(ARGV[4])
local fields = {}
for i = 5, last do fields[#fields + 1] = ARGV[i] .. ':' .. ARGV[3] end
local counts = redis.call('HMGET', KEYS[1], unpack(fields))
for i = 1, #counts do counts[i] = number(counts[i], KEYS[1]) end
local buckets = math.max(t[5], 1)
local size = round_of(buckets)
local paths, hashes, views = {}, {}, {}
for i = last + 1, #ARGV, 2 do
  paths[#paths + 1], hashes[#hashes + 1] = ARGV[i], tonumber(ARGV[i + 1])
end
if t[6] > 0 then resolve(KEYS[4], t[6], paths, hashes) end
for n, path in ipairs(paths) do
  local bucket = KEYS[5] .. bucket_of(hashes[n], buckets, size)
  views[n] = number(redis.call('HGET', bucket, path), bucket)
end
local online = redis.call('ZCOUNT', KEYS[3], '(' .. int(tonumber(ARGV[1]) - tonumber(ARGV[2])), '+inf')
return { online, t[1], t[2], t[3], t[4], counts, views }
