-- Adds figures that were counted elsewhere: one part of an import, once.
--
-- KEYS  1 import (the number of the last part added, 1 if it was the last of all, and the source,
--         separated by colons)
--       2 days  3 total  4 top  5 aliases  6 prefix of the article buckets
-- ARGV  1 number of the part, from 1  2 1 if it is the last of all  3 what tells the source
--       4 seconds that the import is remembered  5 articles a bucket
--       6 articles kept in a most-read set
--       7 views, 8 visits, 9 visitors that belong to no day: the totals start from so many more
--      10 how many days follow: day, views, visits, visitors each; then path, hash and views
--         each
-- Reply 1 if added now, 0 if it was before
-- Error CHANGED if parts of another source have been added under this name, TOOBIG if a figure
--       would pass 2^53, WRONGTYPE or BADVALUE; before anything is written

local import, days, total, top, prefix = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[6]
local part, last, source = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local load, keep = tonumber(ARGV[5]), tonumber(ARGV[6])
local DAYS, LIMIT = 11, 9007199254740992
local paths_from = DAYS + 4 * tonumber(ARGV[10])

local state = redis.call('GET', import)
if state then
  local number_before, source_before = string.match(state, '^(%d+):%d:(.*)$')
  if not number_before then
    error({ err = 'BADVALUE ' .. import .. ' is not number:last:source' })
  end
  if source_before ~= source then error({ err = 'CHANGED ' .. import }) end
  if part <= tonumber(number_before) then return 0 end
end

local t = redis.call('HMGET', total, 'views', 'visits', 'visitors', 'articles', 'buckets',
  'start:views', 'start:visits', 'start:visitors', 'aliases')
for i = 1, 9 do t[i] = number(t[i], total) end
for i = 1, 3 do
  t[i], t[i + 5] = t[i] + tonumber(ARGV[6 + i]), t[i + 5] + tonumber(ARGV[6 + i])
end
local buckets = math.max(t[5], 1)
redis.call('ZCARD', top)

local names, count = {}, {}
local recorded = paths_from > DAYS and redis.call('HGETALL', days) or {}
for i = 1, #recorded, 2 do
  local name, unit = string.match(recorded[i], '^(%d+):([vsu])$')
  if name then
    if not count[name] then
      count[name] = { v = 0, s = 0, u = 0 }
      names[#names + 1] = name
    end
    count[name][unit] = number(recorded[i + 1], days .. ' ' .. recorded[i])
  end
end

local paths, hashes, added = {}, {}, {}
for i = paths_from, #ARGV, 3 do
  local n = #paths + 1
  paths[n], hashes[n], added[n] = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
end
if t[9] > 0 then resolve(KEYS[5], t[9], paths, hashes) end
local size = round_of(buckets)
local had, views = {}, {}
for n, path in ipairs(paths) do
  if not views[path] then
    local bucket = prefix .. bucket_of(hashes[n], buckets, size)
    local held = redis.call('HGET', bucket, path)
    had[path], views[path] = held, number(held, bucket .. ' ' .. path)
  end
  views[path] = views[path] + tonumber(added[n])
  if views[path] >= LIMIT then error({ err = 'TOOBIG ' .. path .. ' would pass 2^53' }) end
end
local top_floor = 0
if redis.call('ZCARD', top) >= keep then
  top_floor = tonumber(redis.call('ZRANGE', top, 0, 0, 'WITHSCORES')[2])
end
splits_for(prefix, t[4] + #paths, buckets, load, redis.call)

for i = DAYS, paths_from - 1, 4 do
  local name = ARGV[i]
  if not count[name] then
    count[name] = { v = 0, s = 0, u = 0 }
    names[#names + 1] = name
  end
  for n, unit in ipairs({ 'v', 's', 'u' }) do
    count[name][unit] = count[name][unit] + tonumber(ARGV[i + n])
    t[n] = t[n] + tonumber(ARGV[i + n])
  end
end
for i = 1, 3 do
  if t[i] >= LIMIT then error({ err = 'TOOBIG ' .. total .. ' would pass 2^53' }) end
end

redis.call('SET', import, part .. ':' .. last .. ':' .. source, 'EX', ARGV[4])

-- The closing sums of every day after an added one are others now: they are made anew.
table.sort(names)
local v, s, u = 0, 0, 0
for _, name in ipairs(names) do
  local c = count[name]
  v, s, u = v + c.v, s + c.s, u + c.u
  redis.call('HSET', days, name .. ':v', c.v, name .. ':s', c.s, name .. ':u', c.u,
    name .. ':t', int(v) .. ' ' .. int(s) .. ' ' .. int(u))
end

local best = {}
local function rank()
  if #best > 0 then redis.call('ZADD', top, unpack(best)) end
  best = {}
end
for n, path in ipairs(paths) do
  local bucket = prefix .. bucket_of(hashes[n], buckets, round_of(buckets))
  redis.call('HSET', bucket, path, views[path])
  if views[path] >= top_floor then
    best[#best + 1] = views[path]
    best[#best + 1] = path
    if #best == 2000 then rank() end
  end
  if not had[path] then
    had[path] = true
    t[4] = t[4] + 1
    if t[4] > load * buckets then buckets = split(prefix, buckets) end
  end
end
rank()
if redis.call('ZCARD', top) > 2 * keep then redis.call('ZREMRANGEBYRANK', top, 0, -keep - 1) end
redis.call('HSET', total, 'views', t[1], 'visits', t[2], 'visitors', t[3],
  'articles', t[4], 'buckets', buckets)
for i, unit in ipairs({ 'views', 'visits', 'visitors' }) do
  if ARGV[6 + i] ~= '0' then redis.call('HSET', total, 'start:' .. unit, t[5 + i]) end
end
return 1
