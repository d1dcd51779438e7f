-- Applies one batch: the views of one site on one day from one producer. It alone writes figures.
--
-- KEYS  1 producer  2 days  3 total  4 online  5 recent  6 top  7 visitors:<day>  8 top:<day>
--       9 prefix of the article buckets (names no key; the buckets share the site's hash tag)
-- ARGV  1 sequence number        2 day               3 the day before
--       4 now (ms)               5 online window     6 repeat window (ms, 0: none)
--       7 most articles          8 articles a bucket 9 articles kept in a most-read set
--      10 seconds: producer     11 seconds: visitors 12 seconds: top:<day>
--      13 later days that have begun, each after `day`, separated by commas
--      then for each view: path (empty: presence only), visitor (empty: no identity),
--      the visitor under the day before's salt (or empty), time (ms)
-- Reply { 1 if applied now, 0 if it was before;
--         online; day's views, visits, visitors; day before's three; total's three;
--         the status of each view, a digit each (counter.model.figures.Status);
--         the views of each view's article just after it }
-- Error WRONGTYPE or BADVALUE, before anything is written: Redis does not roll a script back.

local producer, days, total, online, recent = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local top, visitors, top_day, prefix = KEYS[6], KEYS[7], KEYS[8], KEYS[9]
local seq, day, before = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local now, window, repeat_window = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local max_articles, load, keep = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local FIRST, WIDTH = 14, 4

local function number(value, what)
  if not value then return 0 end
  local n = tonumber(value)
  if not n then error({ err = 'BADVALUE ' .. what .. ' is not a number' }) end
  return n
end

-- Everything is read, and by that checked for its type, before the first write.

local last_seq, last_statuses = 0, ''
local last = redis.call('GET', producer)
if last then
  local at = string.find(last, ':', 1, true)
  if not at then error({ err = 'BADVALUE ' .. producer .. ' is not number:statuses' }) end
  last_seq, last_statuses = number(string.sub(last, 1, at - 1), producer), string.sub(last, at + 1)
end

local t = redis.call('HMGET', total, 'views', 'visits', 'visitors', 'articles', 'buckets',
  'start:views', 'start:visits', 'start:visitors')
for i = 1, 8 do t[i] = number(t[i], total) end
local d = redis.call('HMGET', days, day .. ':v', day .. ':s', day .. ':u',
  before .. ':v', before .. ':s', before .. ':u')
for i = 1, 6 do d[i] = number(d[i], days) end
local buckets = math.max(t[5], 1)
local size = round_of(buckets)

local path_hash, path_bucket, path_views, path_new = {}, {}, {}, {}
for i = FIRST, #ARGV, WIDTH do
  local path = ARGV[i]
  if path ~= '' and not path_bucket[path] then
    local sha = redis.sha1hex(path)
    path_hash[path] = string.sub(sha, 1, 16)
    path_bucket[path] = prefix .. bucket_of(tonumber(string.sub(sha, 1, 8), 16), buckets, size)
    local views = redis.call('HGET', path_bucket[path], path)
    path_new[path] = not views
    path_views[path] = number(views, path_bucket[path])
  end
end

local function reply(applied, statuses, views)
  return { applied, redis.call('ZCARD', online), d[1], d[2], d[3], d[4], d[5], d[6],
    t[1], t[2], t[3], statuses, views }
end

if seq <= last_seq then
  local views = {}
  for i = FIRST, #ARGV, WIDTH do views[#views + 1] = path_views[ARGV[i]] or 0 end
  return reply(0, seq == last_seq and last_statuses or '', views)
end

redis.call('ZCARD', online)
local recent_size = redis.call('ZCARD', recent)
local top_size, top_day_size = redis.call('ZCARD', top), redis.call('ZCARD', top_day)
local known_visitors = redis.call('PFCOUNT', visitors)
local top_floor = 0
if top_size >= keep then top_floor = tonumber(redis.call('ZRANGE', top, 0, 0, 'WITHSCORES')[2]) end
local splits = 0
while t[4] + (#ARGV - FIRST + 1) / WIDTH > load * (buckets + splits) do
  local into = buckets + splits
  redis.call('HLEN', prefix .. int(into))
  redis.call('HLEN', prefix .. int(into - round_of(into)))
  splits = splits + 1
end
local later = {}
for name in string.gmatch(ARGV[13], '%d+') do
  local sums = redis.call('HGET', days, name .. ':t')
  if sums then
    local v, s, u = string.match(sums, '^(%d+) (%d+) (%d+)$')
    if not v then error({ err = 'BADVALUE ' .. days .. ' ' .. name .. ':t is not three sums' }) end
    later[#later + 1] = { name .. ':t', tonumber(v), tonumber(s), tonumber(u) }
  end
end

-- The sums up to the end of `day`. No later day has begun, as a rule: then they are the totals;
-- else what the first later day began with.
local closing = { t[1] - t[6], t[2] - t[7], t[3] - t[8] }
if #later > 0 then
  local name = string.sub(later[1][1], 1, 8)
  local own = redis.call('HMGET', days, name .. ':v', name .. ':s', name .. ':u')
  for i = 1, 3 do closing[i] = later[1][i + 1] - number(own[i], days) end
end

-- From here on everything is written. The first write is one that Redis refuses when it is out of
-- memory, read-only or short of replicas; after it, it refuses none of this script.

redis.call('SET', producer, int(seq) .. ':', 'EX', ARGV[10])
redis.call('ZREMRANGEBYSCORE', online, '-inf', int(now - window))
if recent_size > 0 then
  redis.call('ZREMRANGEBYSCORE', recent, '-inf', int(now - repeat_window))
end

-- True if the visitor was seen within the window before; from now on it was seen at `at`.
local function seen(visitor, previous, at)
  local score = redis.call('ZSCORE', online, visitor)
  if not score and previous ~= '' then
    -- Midnight turned the salt, and the visitor's name with it: it is the same visitor.
    score = redis.call('ZSCORE', online, previous)
    if score then redis.call('ZREM', online, previous) end
  end
  if not score or tonumber(score) < at then redis.call('ZADD', online, int(at), visitor) end
  return score and tonumber(score) > at - window
end

local function is_repeat(visitor, previous, path, at)
  local score = redis.call('ZSCORE', recent, visitor .. path_hash[path])
  if not score and previous ~= '' then
    score = redis.call('ZSCORE', recent, previous .. path_hash[path])
  end
  -- A late view may come after a younger one: it repeats nothing.
  return score and math.abs(at - tonumber(score)) < repeat_window
end

local new_views, new_visits, new_articles = 0, 0, 0
local statuses, views, named, added = {}, {}, {}, {}
for i = FIRST, #ARGV, WIDTH do
  local path, visitor, previous, at = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local n = #statuses + 1
  local was_online = visitor == '' or seen(visitor, previous, at)
  if path == '' then
    statuses[n] = 2
  elseif visitor ~= '' and repeat_window > 0 and is_repeat(visitor, previous, path, at) then
    statuses[n] = 2
  else
    local kept = not path_new[path] or added[path] or t[4] + new_articles < max_articles
    if kept then
      if path_new[path] and not added[path] then new_articles = new_articles + 1 end
      added[path] = (added[path] or 0) + 1
      path_views[path] = path_views[path] + 1
    end
    new_views = new_views + 1
    if visitor ~= '' then
      named[#named + 1] = visitor
      if repeat_window > 0 then redis.call('ZADD', recent, int(at), visitor .. path_hash[path]) end
    end
    if not was_online then new_visits = new_visits + 1 end
    statuses[n] = (kept and 0 or 3) + (was_online and 0 or 1)
  end
  views[n] = path_views[path] or 0
end

for path, count in pairs(added) do
  redis.call('HINCRBY', path_bucket[path], path, count)
  if path_views[path] >= top_floor then
    redis.call('ZADD', top, int(path_views[path]), path)
    top_size = top_size + 1
  end
  redis.call('ZINCRBY', top_day, count, path)
end
if top_size > 2 * keep then redis.call('ZREMRANGEBYRANK', top, 0, -keep - 1) end
if top_day_size == 0 then redis.call('EXPIRE', top_day, ARGV[12]) end
if redis.call('ZCARD', top_day) > 2 * keep then
  redis.call('ZREMRANGEBYRANK', top_day, 0, -keep - 1)
end

local new_visitors = 0
if #named > 0 and redis.call('PFADD', visitors, unpack(named)) == 1 then
  -- An estimate may sink by a hair as it grows (0.81 % standard error); a count never does.
  new_visitors = math.max(redis.call('PFCOUNT', visitors) - math.max(known_visitors, d[3]), 0)
  if known_visitors == 0 then redis.call('EXPIRE', visitors, ARGV[11]) end
end

d[1], d[2], d[3] = d[1] + new_views, d[2] + new_visits, d[3] + new_visitors
t[1], t[2], t[3] = t[1] + new_views, t[2] + new_visits, t[3] + new_visitors
if new_views > 0 then
  local function sums(v, s, u)
    return int(v + new_views) .. ' ' .. int(s + new_visits) .. ' ' .. int(u + new_visitors)
  end
  for _, entry in ipairs(later) do
    redis.call('HSET', days, entry[1], sums(entry[2], entry[3], entry[4]))
  end
  redis.call('HSET', days, day .. ':v', int(d[1]), day .. ':s', int(d[2]), day .. ':u', int(d[3]),
    day .. ':t', sums(closing[1], closing[2], closing[3]))
  for _ = 1, splits do
    if t[4] + new_articles > load * buckets then buckets = split(prefix, buckets) end
  end
  redis.call('HSET', total, 'views', int(t[1]), 'visits', int(t[2]), 'visitors', int(t[3]),
    'articles', int(t[4] + new_articles), 'buckets', int(buckets))
end

redis.call('PEXPIRE', online, int(window))
if repeat_window > 0 then redis.call('PEXPIRE', recent, int(repeat_window)) end
statuses = table.concat(statuses)
redis.call('SET', producer, int(seq) .. ':' .. statuses, 'EX', ARGV[10])
return reply(1, statuses, views)
