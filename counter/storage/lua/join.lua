-- Joins the last buckets into those they were split from, as long as fewer would hold the articles.
--
-- KEYS  1 total  2 prefix of the article buckets
-- ARGV  1 articles a bucket  2 buckets that are joined at most
-- Reply { how many were joined; buckets that there are now }
-- Error WRONGTYPE or BADVALUE, before anything is written

local total, prefix = KEYS[1], KEYS[2]
local t = redis.call('HMGET', total, 'articles', 'buckets')
for i = 1, 2 do t[i] = number(t[i], total) end
local buckets = math.max(t[2], 1)
local wanted = math.max(math.ceil(t[1] / tonumber(ARGV[1])), 1)
local fewest = math.max(wanted, buckets - tonumber(ARGV[2]))
if fewest >= buckets then return { 0, buckets } end

for last = fewest, buckets - 1 do
  redis.call('HLEN', prefix .. last)
  redis.call('HLEN', prefix .. (last - round_of(last)))
end

-- The first write is one that Redis refuses when it is out of memory: then nothing is written.
redis.call('HSET', total, 'buckets', fewest)
for last = buckets - 1, fewest, -1 do
  local source, target = prefix .. last, prefix .. (last - round_of(last))
  local fields = redis.call('HGETALL', source)
  for from = 1, #fields, 1000 do
    redis.call('HSET', target, unpack(fields, from, math.min(from + 999, #fields)))
  end
  redis.call('UNLINK', source)
end
return { buckets - fewest, fewest }
