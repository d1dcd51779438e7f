-- Forgets one article; or, where the path is another name of one, that name alone.
--
-- KEYS  1 audit  2 total  3 aliases  4 top  5 prefix of the article buckets
--       6 … the most-read sets of the days that have one
-- ARGV  1 who  2 entries that the audit log keeps  3 the path  4 its hash
-- Reply { 1 if an article was forgotten, 2 if a name was, 0 if there was neither; the article's
--         views; what the name stood for }
-- Error WRONGTYPE or BADVALUE, before anything is written
--
-- The site's figures keep the article's views: they were views of the site.

local log, total, aliases, top, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local path = ARGV[3]

redis.call('XLEN', log)
local t = redis.call('HMGET', total, 'articles', 'buckets', 'aliases')
for i = 1, 3 do t[i] = number(t[i], total) end
local paths, hashes = { path }, { tonumber(ARGV[4]) }
resolve(aliases, t[3], paths, hashes)
if paths[1] ~= path then
  redis.call('HDEL', aliases, path)
  redis.call('HSET', total, 'aliases', redis.call('HLEN', aliases))
  record(log, ARGV[2], ARGV[1], 'forget', 'the name ' .. path .. ' of ' .. paths[1], {})
  return { 2, 0, paths[1] }
end

local buckets = math.max(t[2], 1)
local bucket = prefix .. bucket_of(hashes[1], buckets, round_of(buckets))
local views = number(redis.call('HGET', bucket, path), bucket)
for i = 4, #KEYS do
  if i ~= 5 then redis.call('ZSCORE', KEYS[i], path) end
end

-- Taking away is what a store without memory still lets us do, and all that follows in the call.
if redis.call('HDEL', bucket, path) == 0 then return { 0, 0, path } end
redis.call('HSET', total, 'articles', math.max(t[1] - 1, 0))
for i = 4, #KEYS do
  if i ~= 5 then redis.call('ZREM', KEYS[i], path) end
end
record(log, ARGV[2], ARGV[1], 'forget', path, { 'before:views', views, 'after:views', 0 })
return { 1, views, path }
