-- Applies one batch: the views of one site on one day from one producer. It alone writes figures.
--
-- KEYS  1 producer  2 days  3 total  4 online  5 recent  6 top  7 visitors:<day>  8 top:<day>
--       9 prefix of the article buckets (names no key; the buckets share the site's hash tag)
-- ARGV  1 sequence number        2 day               3 the day before
--       4 now (ms)               5 online window     6 repeat window (ms, 0: none)
--       7 most articles          8 articles a bucket 9 articles kept in a most-read set
--      10 seconds: producer     11 seconds: visitors 12 seconds: top:<day>
--      13 the days after `day` that may have begun, separated by commas
--      14 how many renamings follow, then for each: a visitor, and the same one under the salt
--         of the day before
--      then for each view: path (empty: presence only), its CRC-32, visitor (empty: no identity),
--      the mark of visitor and article (8 bytes of the visitor, then 4 of the path), time (ms)
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
local renamings = tonumber(ARGV[14])
local FIRST, WIDTH = 15 + 2 * renamings, 5

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
local day_fields = { day .. ':v', day .. ':s', day .. ':u',
  before .. ':v', before .. ':s', before .. ':u' }
for name in string.gmatch(ARGV[13], '%d+') do day_fields[#day_fields + 1] = name .. ':t' end
local d = redis.call('HMGET', days, unpack(day_fields))
for i = 1, 6 do d[i] = number(d[i], days) end
local buckets = math.max(t[5], 1)
local size = round_of(buckets)

local path_bucket, path_views, path_new, paths, unknown = {}, {}, {}, {}, 0
for i = FIRST, #ARGV, WIDTH do
  local path = ARGV[i]
  if path ~= '' and not path_bucket[path] then
    local bucket = prefix .. bucket_of(tonumber(ARGV[i + 1]), buckets, size)
    local views = redis.call('HGET', bucket, path)
    path_bucket[path] = bucket
    path_new[path] = not views
    if not views then unknown = unknown + 1 end
    path_views[path] = number(views, bucket)
    paths[#paths + 1] = path
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

-- A call costs more than what it does, so whatever takes many members is asked for all at once.
local function scores_of(key, members)
  local found = {}
  if #members == 0 then
    redis.call('ZCARD', key)
    return found
  end
  local scores = redis.call('ZMSCORE', key, unpack(members))
  for i = 1, #members do found[members[i]] = scores[i] and tonumber(scores[i]) end
  return found
end

-- The visitor's mark on an article, under the visitor's name of the day before.
local function mark_before(previous, mark) return previous .. string.sub(mark, 9) end

local previous_of, visitors_here, marks = {}, {}, {}
for i = 15, FIRST - 1, 2 do
  previous_of[ARGV[i]] = ARGV[i + 1]
  visitors_here[#visitors_here + 1] = ARGV[i + 1]
end
for i = FIRST, #ARGV, WIDTH do
  local visitor, mark = ARGV[i + 2], ARGV[i + 3]
  if visitor ~= '' then
    visitors_here[#visitors_here + 1] = visitor
    if repeat_window > 0 and ARGV[i] ~= '' then
      marks[#marks + 1] = mark
      local previous = previous_of[visitor]
      if previous then marks[#marks + 1] = mark_before(previous, mark) end
    end
  end
end
local seen_at = scores_of(online, visitors_here)
local counted_at = scores_of(recent, marks)
local day_views = scores_of(top_day, paths)
local top_size, top_day_size = redis.call('ZCARD', top), redis.call('ZCARD', top_day)
local known_visitors = redis.call('PFCOUNT', visitors)
local top_floor = 0
if top_size >= keep then top_floor = tonumber(redis.call('ZRANGE', top, 0, 0, 'WITHSCORES')[2]) end
local splits = splits_for(prefix, t[4] + unknown, buckets, load)
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
local seen_now, gone = {}, {}
local function seen(visitor, at, at_text)
  local before, previous = seen_at[visitor], previous_of[visitor]
  if previous and seen_at[previous] then
    -- Midnight turned the salt, and the visitor's name with it: it is the same visitor.
    before = math.max(before or 0, seen_at[previous])
    seen_at[previous] = nil
    gone[#gone + 1] = previous
  end
  if not before or before < at then
    seen_at[visitor] = at
    seen_now[visitor] = at_text
  else
    seen_at[visitor] = before
    seen_now[visitor] = before
  end
  return before and before > at - window
end

local function is_repeat(visitor, mark, at)
  local before, previous = counted_at[mark], previous_of[visitor]
  if not before and previous then before = counted_at[mark_before(previous, mark)] end
  -- A late view may come after a younger one: it repeats nothing.
  return before and math.abs(at - before) < repeat_window
end

local new_views, new_visits, new_articles = 0, 0, 0
local statuses, views, named, added, marked = {}, {}, {}, {}, {}
for i = FIRST, #ARGV, WIDTH do
  local path, visitor, mark, at_text = ARGV[i], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local at = tonumber(at_text)
  local n = #statuses + 1
  local was_online = visitor == '' or seen(visitor, at, at_text)
  local marking = visitor ~= '' and repeat_window > 0
  if path == '' or marking and is_repeat(visitor, mark, at) then
    statuses[n] = 2
  else
    local kept = not path_new[path] or added[path] or t[4] + new_articles < max_articles
    if kept then
      if path_new[path] and not added[path] then new_articles = new_articles + 1 end
      added[path] = (added[path] or 0) + 1
      path_views[path] = path_views[path] + 1
    end
    new_views = new_views + 1
    if visitor ~= '' then named[#named + 1] = visitor end
    if marking then
      counted_at[mark] = at
      marked[#marked + 1] = at_text
      marked[#marked + 1] = mark
    end
    if not was_online then new_visits = new_visits + 1 end
    statuses[n] = (kept and 0 or 3) + (was_online and 0 or 1)
  end
  views[n] = path_views[path] or 0
end
statuses = table.concat(statuses)

-- From here on everything is written. The first write is one that Redis refuses when it is out of
-- memory, read-only or short of replicas; after it, it refuses none of this script.

redis.call('SET', producer, int(seq) .. ':' .. statuses, 'EX', ARGV[10])

local seen_list = {}
for visitor, at_text in pairs(seen_now) do
  seen_list[#seen_list + 1] = at_text
  seen_list[#seen_list + 1] = visitor
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
for path, count in pairs(added) do
  local all = path_views[path]
  redis.call('HSET', path_bucket[path], path, all)
  if all >= top_floor then
    best[#best + 1] = all
    best[#best + 1] = path
  end
  best_today[#best_today + 1] = (day_views[path] or 0) + count
  best_today[#best_today + 1] = path
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
end

return reply(1, statuses, views)
