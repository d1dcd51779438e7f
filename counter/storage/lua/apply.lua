-- Applies one batch: the views of one site on one day from one producer. It alone writes figures.
--
-- KEYS  1 producer  2 days  3 total  4 online  5 recent  6 top  7 visitors:<day>  8 top:<day>
--       9 hours:<day>  10 aliases
--       11 prefix of the article buckets (names no key; the buckets share the site's hash tag)
-- ARGV  1 sequence number        2 day               3 the day before
--       4 now (ms)               5 online window     6 repeat window (ms, 0: none)
--       7 most articles          8 articles a bucket 9 articles kept in a most-read set
--      10 seconds: producer     11 seconds: visitors 12 seconds: top:<day>, hours:<day>
--      13 the days after `day` that may have begun, separated by commas
--      14 visitors (8 bytes), each followed by the same one under the salt of the day before
--      15 the number that must have been applied before this one (0: none need be)
--      16 the views in one text, since an argument costs more than what it holds; big-endian:
--         length of the path (2 bytes), path (none: presence only), its hash (4), visitor (8;
--         NOBODY: no identity), time (8, a double; ms)
--      17 the day's first instant (ms)
--      18 how often an article may be new, if that is limited, as three numbers (µs): the time
--         for one, the time for as many as may come at once, the time of the call
-- Reply { 1 if applied now, 0 if it was before;
--         online; day's views, visits, visitors; day before's three; total's three;
--         the status of each view, a digit each (counter.model.figures.Status);
--         the views of each view's article just after it }
-- Error WRONGTYPE, BADVALUE, or GAP if the number before was not applied; nothing is written then,
--       or all of it is taken back: Redis does not roll a script back.

local producer, days, total, online, recent = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local top, visitors, top_day, hours, prefix = KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[11]
local seq, day, before = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local now, window, repeat_window = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local max_articles, load, keep = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local renamed, after, sent = ARGV[14], tonumber(ARGV[15]), ARGV[16]
local day_start = tonumber(ARGV[17])
local NOBODY, HOUR = string.rep('\0', 8), 3600000

-- Views, articles and visitors are told by number: `view_article[n]` is the n-th view's article.
local view_article, view_visitor, view_mark, view_at = {}, {}, {}, {}
local paths, hashes, article_of = {}, {}, {}
local visitors_here, visitor_of = {}, {}

local function number_visitor(visitor)
  local v = visitor_of[visitor]
  if not v then
    v = #visitors_here + 1
    visitors_here[v], visitor_of[visitor] = visitor, v
  end
  return v
end

local from, views_sent = 1, 0
while from <= #sent do
  local path, hash, visitor, at, next_from = struct.unpack('>I2c0I4c8d', sent, from)
  views_sent = views_sent + 1
  view_at[views_sent] = at
  local article = false
  if path ~= '' then
    article = article_of[path]
    if not article then
      article = #paths + 1
      paths[article], hashes[article], article_of[path] = path, hash, article
    end
  end
  view_article[views_sent] = article
  -- What is marked as counted is a visitor on an article: 4 bytes of the path, 8 of the visitor.
  local known = visitor ~= NOBODY
  view_visitor[views_sent] = known and number_visitor(visitor)
  view_mark[views_sent] = known and article and repeat_window > 0
    and string.sub(sent, next_from - 20, next_from - 9)
  from = next_from
end
local VISITORS = #visitors_here

local previous_of = {}
for i = 1, #renamed, 16 do
  previous_of[visitor_of[string.sub(renamed, i, i + 7)]] =
    number_visitor(string.sub(renamed, i + 8, i + 15))
end

-- Everything but articles and hours is read, and by that checked for its type, before the first
-- write; what counts these checks them too, and is taken back where one is wrong.

local last_seq, last_statuses = 0, ''
local last = redis.call('GET', producer)
if last then
  local at = string.find(last, ':', 1, true)
  if not at then error({ err = 'BADVALUE ' .. producer .. ' is not number:statuses' }) end
  last_seq, last_statuses = number(string.sub(last, 1, at - 1), producer), string.sub(last, at + 1)
end
if last_seq < after then
  error({ err = 'GAP ' .. producer .. ' is at ' .. int(last_seq) .. ', before ' .. int(after) })
end

local t = redis.call('HMGET', total, 'views', 'visits', 'visitors', 'articles', 'buckets',
  'start:views', 'start:visits', 'start:visitors', 'aliases')
for i = 1, 9 do t[i] = number(t[i], total) end
local day_fields = { day .. ':v', day .. ':s', day .. ':u',
  before .. ':v', before .. ':s', before .. ':u' }
for name in string.gmatch(ARGV[13], '%d+') do day_fields[#day_fields + 1] = name .. ':t' end
local d = redis.call('HMGET', days, unpack(day_fields))
for i = 1, 6 do d[i] = number(d[i], days) end
local buckets = math.max(t[5], 1)
local size = round_of(buckets)

if t[9] > 0 then
  resolve(KEYS[10], t[9], paths, hashes)
  -- Two names of one article are one article, also where a repeat is looked for.
  local first = {}
  for article, path in ipairs(paths) do first[path] = first[path] or article end
  for n, article in ipairs(view_article) do
    if article then
      view_article[n] = first[paths[article]]
      local mark = view_mark[n]
      view_mark[n] = mark and struct.pack('>I4', hashes[article]) .. string.sub(mark, 5)
    end
  end
end

local article_bucket = {}
for article, hash in ipairs(hashes) do
  article_bucket[article] = prefix .. bucket_of(hash, buckets, size)
end

-- The views of each article before this batch. To count an article tells them too: they are read
-- only where nothing is counted, or where it matters before which articles are new.
local article_views = {}
local function read_views(article)
  local views = redis.call('HGET', article_bucket[article], paths[article])
  article_views[article] = number(views, article_bucket[article])
  return views
end

local is_new, unknown = {}, 0
if seq <= last_seq or ARGV[18] or t[4] + #paths > max_articles then
  for article = 1, #paths do
    if not read_views(article) then
      is_new[article] = true
      unknown = unknown + 1
    end
  end
end

-- New articles draw on a token bucket, of which only the moment is kept at which it will be full
-- (GCRA, as in `counter.ingest.rates`).
local may_be_new, full_at, token = math.huge, 0, 0
if ARGV[18] and unknown > 0 then
  local each, all, at = string.match(ARGV[18], '^(%S+) (%S+) (%S+)$')
  token = tonumber(each)
  full_at = math.max(number(redis.call('HGET', total, 'new:full'), total), tonumber(at))
  may_be_new = math.floor((tonumber(at) + tonumber(all) - full_at) / token)
end

local function reply(applied, statuses, views)
  return { applied, redis.call('ZCARD', online), d[1], d[2], d[3], d[4], d[5], d[6],
    t[1], t[2], t[3], statuses, views }
end

if seq <= last_seq then
  local views = {}
  for n, article in ipairs(view_article) do views[n] = article and article_views[article] or 0 end
  -- A write, for WAIT asks only for what its own connection has written: it shall vouch for what
  -- an earlier connection wrote.
  redis.call('EXPIRE', producer, ARGV[10])
  return reply(0, seq == last_seq and last_statuses or '', views)
end

-- A call costs more than what it does, so whatever takes many members is asked for all at once.
local function scores_of(key, members)
  if #members == 0 then
    redis.call('ZCARD', key)
    return {}
  end
  local scores = redis.call('ZMSCORE', key, unpack(members))
  for i = 1, #members do scores[i] = scores[i] and tonumber(scores[i]) end
  return scores
end

-- The visitor's mark on an article, under the visitor's name of the day before.
local function mark_before(previous, mark)
  return string.sub(mark, 1, 4) .. visitors_here[previous]
end

local seen_at = scores_of(online, visitors_here)

-- Whoever left a mark within the repeat window was seen then too, so few marks are asked for; but
-- not if visitors are forgotten sooner than marks.
local function may_repeat(visitor, at)
  local seen = visitor and seen_at[visitor]
  return repeat_window > window or seen and seen > at - repeat_window
end

local marks = {}
for n, mark in ipairs(view_mark) do
  local visitor = view_visitor[n]
  local previous = previous_of[visitor]
  if mark and (may_repeat(visitor, view_at[n]) or may_repeat(previous, view_at[n])) then
    marks[#marks + 1] = mark
    if previous then marks[#marks + 1] = mark_before(previous, mark) end
  end
end
local counted_at = {}
for i, score in ipairs(scores_of(recent, marks)) do counted_at[marks[i]] = score end
local day_views = scores_of(top_day, paths)
local top_size, top_day_size = redis.call('ZCARD', top), redis.call('ZCARD', top_day)
local known_visitors = redis.call('PFCOUNT', visitors)
local top_floor = 0
if top_size >= keep then top_floor = tonumber(redis.call('ZRANGE', top, 0, 0, 'WITHSCORES')[2]) end
local later = {}
for i = 7, #day_fields do
  if d[i] then
    local v, s, u = string.match(d[i], '^(%d+) (%d+) (%d+)$')
    if not v then
      error({ err = 'BADVALUE ' .. days .. ' ' .. day_fields[i] .. ' is not three sums' })
    end
    later[#later + 1] = { day_fields[i], tonumber(v), tonumber(s), tonumber(u) }
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

-- What becomes of each view, in their order. Nothing is read or written here.

-- True if the visitor was seen within the window before; from now on it was seen at `at`.
local gone = {}
local function seen(visitor, at)
  local before, previous = seen_at[visitor], previous_of[visitor]
  if previous and seen_at[previous] then
    -- Midnight turned the salt, and the visitor's name with it: it is the same visitor.
    before = math.max(before or 0, seen_at[previous])
    seen_at[previous] = false
    gone[#gone + 1] = visitors_here[previous]
  end
  seen_at[visitor] = before and before > at and before or at
  return before and before > at - window
end

local function is_repeat(visitor, mark, at)
  local before, previous = counted_at[mark], previous_of[visitor]
  if not before and previous then before = counted_at[mark_before(previous, mark)] end
  -- A late view may come after a younger one: it repeats nothing.
  return before and math.abs(at - before) < repeat_window
end

-- The number of the hour since midnight: a day of 25 hours has hour 24. A day of a zone that the
-- site has left has others, which are told with its first or last.
local function hour_of(at)
  return math.min(math.max(math.floor((at - day_start) / HOUR), 0), 24)
end

local new_views, new_visits, admitted = 0, 0, 0
local hour_views = {}
local statuses, nth, named, added, marked = {}, {}, {}, {}, {}
for n = 1, views_sent do
  local article, visitor, mark, at = view_article[n], view_visitor[n], view_mark[n], view_at[n]
  local was_online = not visitor or seen(visitor, at)
  if not article or mark and is_repeat(visitor, mark, at) then
    statuses[n] = 2
  else
    local refused = 0
    if is_new[article] and not added[article] then
      if t[4] + admitted >= max_articles then refused = 3
      elseif admitted >= may_be_new then refused = 5 end
    end
    if refused == 0 then
      if is_new[article] and not added[article] then admitted = admitted + 1 end
      added[article] = (added[article] or 0) + 1
    end
    new_views = new_views + 1
    local hour = hour_of(at)
    hour_views[hour] = (hour_views[hour] or 0) + 1
    if visitor then named[#named + 1] = visitors_here[visitor] end
    if mark then
      counted_at[mark] = at
      marked[#marked + 1] = at
      marked[#marked + 1] = mark
    end
    if not was_online then new_visits = new_visits + 1 end
    statuses[n] = refused + (was_online and 0 or 1)
  end
  nth[n] = added[article] or 0
end
statuses = table.concat(statuses)

for article = 1, #paths do
  if not added[article] and not article_views[article] then read_views(article) end
end

-- From here on everything is written. The first write is one that Redis refuses when it is out of
-- memory, read-only or short of replicas; after it, it refuses none of this script.

-- To count tells what it has come to, and finds out whether the key is right. Where one is not, all
-- is taken back.
local counted, hours_counted = {}, {}
local function take_back(key, field, more, sum)
  -- No field is kept without a view.
  if sum == more then redis.call('HDEL', key, field)
  else redis.call('HINCRBY', key, field, -more) end
end
local function try(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' then return reply end
  for article, sum in pairs(counted) do
    take_back(article_bucket[article], paths[article], added[article], sum)
  end
  for hour, sum in pairs(hours_counted) do take_back(hours, hour, hour_views[hour], sum) end
  if string.find(reply.err, 'not an integer', 1, true) then number('none', key) end
  error(reply)
end

local new_articles = 0
for article, path in ipairs(paths) do
  local more = added[article]
  if more then
    local sum = try('HINCRBY', article_bucket[article], path, more)
    counted[article], article_views[article] = sum, sum - more
    if sum == more then new_articles = new_articles + 1 end
  end
end
for hour, more in pairs(hour_views) do
  hours_counted[hour] = try('HINCRBY', hours, hour, more)
end
local splits = splits_for(prefix, t[4] + new_articles, buckets, load, try)

for hour, sum in pairs(hours_counted) do
  if sum == hour_views[hour] then redis.call('EXPIRE', hours, ARGV[12]) end
end

local views = {}
for n, article in ipairs(view_article) do
  views[n] = article and article_views[article] + nth[n] or 0
end

redis.call('SET', producer, int(seq) .. ':' .. statuses, 'EX', ARGV[10])

local seen_list = {}
for visitor = 1, VISITORS do
  seen_list[2 * visitor - 1] = seen_at[visitor]
  seen_list[2 * visitor] = visitors_here[visitor]
end
if #gone > 0 then redis.call('ZREM', online, unpack(gone)) end
if #seen_list > 0 then redis.call('ZADD', online, unpack(seen_list)) end
redis.call('ZREMRANGEBYSCORE', online, '-inf', now - window)
redis.call('PEXPIRE', online, window)
if #marked > 0 then
  redis.call('ZADD', recent, unpack(marked))
  redis.call('ZREMRANGEBYSCORE', recent, '-inf', now - repeat_window)
  redis.call('PEXPIRE', recent, repeat_window)
end

local best, best_today = {}, {}
for article, path in ipairs(paths) do
  local all = counted[article]
  if all then
    if all >= top_floor then
      best[#best + 1] = all
      best[#best + 1] = path
    end
    best_today[#best_today + 1] = (day_views[article] or 0) + added[article]
    best_today[#best_today + 1] = path
  end
end
if #best > 0 then
  redis.call('ZADD', top, unpack(best))
  if top_size + #best / 2 > 2 * keep then redis.call('ZREMRANGEBYRANK', top, 0, -keep - 1) end
end
if #best_today > 0 then
  redis.call('ZADD', top_day, unpack(best_today))
  if top_day_size == 0 then redis.call('EXPIRE', top_day, ARGV[12]) end
  if top_day_size + #best_today / 2 > 2 * keep then
    redis.call('ZREMRANGEBYRANK', top_day, 0, -keep - 1)
  end
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
  redis.call('HSET', days, day .. ':v', d[1], day .. ':s', d[2], day .. ':u', d[3],
    day .. ':t', sums(closing[1], closing[2], closing[3]))
  for _ = 1, splits do
    if t[4] + new_articles > load * buckets then buckets = split(prefix, buckets) end
  end
  redis.call('HSET', total, 'views', t[1], 'visits', t[2], 'visitors', t[3],
    'articles', t[4] + new_articles, 'buckets', buckets)
  if token > 0 and new_articles > 0 then
    redis.call('HSET', total, 'new:full', int(full_at + new_articles * token))
  end
end

return reply(1, statuses, views)
