-- Puts the articles of some buckets where their hashes say, and loose buckets into the compact
-- encoding; drops articles without a view. A step of compacting a site, and of upgrading one.
--
-- KEYS  1 total  2 prefix of the article buckets
-- ARGV  1 the first bucket  2 the last one
-- Reply { buckets that there are; articles that were moved or dropped; buckets packed anew }
-- Error WRONGTYPE or BADVALUE, before anything is written

local total, prefix = KEYS[1], KEYS[2]
local t = redis.call('HMGET', total, 'articles', 'buckets')
for i = 1, 2 do t[i] = number(t[i], total) end
local buckets = math.max(t[2], 1)
local size = round_of(buckets)

-- The right place of an article may know it as well: views that were counted meanwhile are there.
local gone, right_of, views_of, loose = {}, {}, {}, {}
for b = tonumber(ARGV[1]), math.min(tonumber(ARGV[2]), buckets - 1) do
  local bucket, leave = prefix .. b, {}
  local fields = redis.call('HGETALL', bucket)
  for i = 1, #fields, 2 do
    local path, views = fields[i], number(fields[i + 1], bucket .. ' ' .. fields[i])
    local right = prefix .. bucket_of(hash_of(path), buckets, size)
    if views == 0 or right ~= bucket then leave[#leave + 1] = path end
    if views > 0 and right ~= bucket then
      local there = views_of[path] or number(redis.call('HGET', right, path), right)
      right_of[path], views_of[path] = right, there + views
    end
  end
  if #leave > 0 then gone[bucket] = leave end
  if #fields > 0 and redis.call('OBJECT', 'ENCODING', bucket) ~= 'listpack' then
    loose[#loose + 1] = bucket
  end
end

local articles, moved = t[1], 0
for bucket, leave in pairs(gone) do
  for from = 1, #leave, 1000 do
    articles = articles
      - redis.call('HDEL', bucket, unpack(leave, from, math.min(from + 999, #leave)))
  end
  moved = moved + #leave
end
for path, views in pairs(views_of) do
  articles = articles + redis.call('HSET', right_of[path], path, views)
end
for _, bucket in ipairs(loose) do
  local fields = redis.call('HGETALL', bucket)
  redis.call('UNLINK', bucket)
  for from = 1, #fields, 1000 do
    redis.call('HSET', bucket, unpack(fields, from, math.min(from + 999, #fields)))
  end
end
if moved > 0 then redis.call('HSET', total, 'articles', math.max(articles, 0)) end
return { buckets, moved, #loose }
