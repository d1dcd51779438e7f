-- An article has moved: its views go to its new name, and the old one stands for the new.
--
-- KEYS  1 audit  2 total  3 aliases  4 top  5 prefix of the article buckets
--       6 … the most-read sets of the days that have one
-- ARGV  1 who  2 entries that the audit log keeps  3 articles kept in a most-read set
--       4 old path  5 its hash  6 new path  7 its hash
-- Reply { 1 if renamed now, 0 if the old path stood for the same article before, -1 if it stands
--         for another one; the article that it stands for now; the old one's views before;
--         the new one's before; the new one's now }
-- Error WRONGTYPE or BADVALUE, before anything is written

local log, total, aliases, top, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local keep, old, new = tonumber(ARGV[3]), ARGV[4], ARGV[6]

redis.call('XLEN', log)
local t = redis.call('HMGET', total, 'articles', 'buckets', 'aliases')
for i = 1, 3 do t[i] = number(t[i], total) end
local buckets = math.max(t[2], 1)
local function bucket(hash) return prefix .. bucket_of(hash, buckets, round_of(buckets)) end

local paths, hashes = { old, new }, { tonumber(ARGV[5]), tonumber(ARGV[7]) }
resolve(aliases, t[3], paths, hashes)
local function views_of(n) return redis.call('HGET', bucket(hashes[n]), paths[n]) end
if paths[1] ~= old then
  local views = number(views_of(1), old)
  return { paths[1] == paths[2] and 0 or -1, paths[1], 0, views, views }
end
-- The article moves back to a name that it had: that one is its own again.
local back = paths[2] == old
if back then paths[2], hashes[2] = new, tonumber(ARGV[7]) end
local target = paths[2]

local source, drain = bucket(hashes[1]), bucket(hashes[2])
local had, has = views_of(1), views_of(2)
local before, there = number(had, source), number(has, drain)
local sum = before + there
local score, floor = redis.call('ZSCORE', top, old), 0
if redis.call('ZCARD', top) >= keep then
  floor = tonumber(redis.call('ZRANGE', top, 0, 0, 'WITHSCORES')[2])
end
local of_day = {}
for i = 6, #KEYS do of_day[i] = redis.call('ZSCORE', KEYS[i], old) end

record(log, ARGV[2], ARGV[1], 'rename', old .. ' → ' .. target,
  { 'before:' .. old, before, 'before:' .. target, there, 'after:' .. target, sum })
if back then redis.call('HDEL', aliases, new) end
redis.call('HSET', aliases, old, int(hashes[2]) .. ' ' .. target)
if had then
  redis.call('HDEL', source, old)
  redis.call('HSET', drain, target, sum)
  if has then t[1] = t[1] - 1 end
  if score or sum >= floor then redis.call('ZADD', top, sum, target) end
  redis.call('ZREM', top, old)
end
for i = 6, #KEYS do
  if of_day[i] then
    -- In this order: a set that is empty in between would lose its lifetime.
    redis.call('ZINCRBY', KEYS[i], of_day[i], target)
    redis.call('ZREM', KEYS[i], old)
  end
end
redis.call('HSET', total, 'articles', t[1], 'aliases', redis.call('HLEN', aliases))
return { 1, target, before, there, sum }
