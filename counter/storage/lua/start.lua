-- Gives a site its start figures: the total's start of one unit, and articles' views.
--
-- KEYS  1 total  2 prefix of the article buckets  3 top
-- ARGV  1 the unit: views, visits or visitors  2 its start  3 1: only where none was given yet
--       4 articles a bucket, then path and views by turns
-- Reply the start that now holds
-- Error WRONGTYPE, before anything is written

local unit, start, load = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[4])
local t = redis.call('HMGET', KEYS[1], 'start:' .. unit, unit, 'articles', 'buckets')
local old = t[1]
if old and ARGV[3] == '1' then return tonumber(old) end
redis.call('ZCARD', KEYS[3])
local articles, buckets = tonumber(t[3] or 0), math.max(tonumber(t[4] or 1), 1)
for i = 5, #ARGV, 2 do
  redis.call('HLEN', KEYS[2] .. bucket_of(hash_of(ARGV[i]), buckets, round_of(buckets)))
end

redis.call('HSET', KEYS[1], 'start:' .. unit, int(start),
  unit, int(tonumber(t[2] or 0) - tonumber(old or 0) + start))
for i = 5, #ARGV, 2 do
  local bucket = KEYS[2] .. bucket_of(hash_of(ARGV[i]), buckets, round_of(buckets))
  articles = articles + redis.call('HSET', bucket, ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[3], ARGV[i + 1], ARGV[i])
  if articles > load * buckets then buckets = split(KEYS[2], buckets) end
end
redis.call('HSET', KEYS[1], 'articles', int(articles), 'buckets', int(buckets))
return start
