-- Reads a site's figures and some of its articles at one moment; writes nothing.
--
-- KEYS  1 days  2 total  3 online  4 aliases  5 prefix of the article buckets
-- ARGV  1 now (ms)  2 online window (ms)
--       3 the fields of the days, today's last, in one text: an argument costs more than it holds
--       4 how many of them, from the last, are this week's  5 this month's
--       then the paths, each with its hash
-- Reply { online; total's views, visits, visitors; articles;
--         today's, yesterday's, the week's and the month's count; each path's views }
-- Error WRONGTYPE or BADVALUE

local t = redis.call('HMGET', KEYS[2], 'views', 'visits', 'visitors', 'articles', 'buckets',
  'aliases')
for i = 1, 6 do t[i] = number(t[i], KEYS[2]) end
local fields = {}
for field in string.gmatch(ARGV[3], '%S+') do fields[#fields + 1] = field end
local counts = redis.call('HMGET', KEYS[1], unpack(fields))
for i = 1, #counts do counts[i] = number(counts[i], KEYS[1]) end
local function sum_of_last(days)
  local sum = 0
  for i = #counts - days + 1, #counts do sum = sum + counts[i] end
  return sum
end
local buckets = math.max(t[5], 1)
local size = round_of(buckets)
local paths, hashes, views = {}, {}, {}
for i = 6, #ARGV, 2 do
  paths[#paths + 1], hashes[#hashes + 1] = ARGV[i], tonumber(ARGV[i + 1])
end
if t[6] > 0 then resolve(KEYS[4], t[6], paths, hashes) end
for n, path in ipairs(paths) do
  local bucket = KEYS[5] .. bucket_of(hashes[n], buckets, size)
  views[n] = number(redis.call('HGET', bucket, path), bucket)
end
local online = redis.call('ZCOUNT', KEYS[3], '(' .. int(tonumber(ARGV[1]) - tonumber(ARGV[2])), '+inf')
return { online, t[1], t[2], t[3], t[4], counts[#counts], counts[#counts - 1],
  sum_of_last(tonumber(ARGV[4])), sum_of_last(tonumber(ARGV[5])), views }
