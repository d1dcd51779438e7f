-- Takes the next part of a site's figures, for another site that they are merged into.
--
-- A part leaves the figures and enters the outbox at one moment, and stays there until the other
-- site is known to have it: so each part is on its way once, whoever is stopped and whenever.
--
-- KEYS  1 merging { id, into, part, and how far it is }  2 outbox  3 audit  4 days  5 total  6 top
--       7 prefix of the article buckets
--       8 … visitors:<day>, top:<day>, hours:<day> of each day that may have them
-- ARGV  1 who  2 entries that the audit log keeps  3 id, if a merge begins here  4 into
--       5 the part that the other site has (0: none)  6 articles a part  7 days a part
--       8 … the days whose keys those are
-- Reply { id; number of the part; its kind, and what is in it } or {}: all is there.
--         articles: path, views …    days: day, views, visits, visitors …    start: of each unit
--         day: day, views, visits, visitors; HyperLogLog; how many hours; hour, views …; path,
--           views … of the day's most read
--         end: views, visits, visitors, articles that were moved
-- Error INTO if it is being merged into another site, WRONGTYPE or BADVALUE; before anything is
--       written

local merging, outbox, log, days, total, top, prefix =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local acknowledged, articles_a_part, days_a_part =
  tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local UNITS, FIELDS = { 'views', 'visits', 'visitors' }, { ':v', ':s', ':u' }

local m = redis.call('HMGET', merging, 'id', 'into', 'part', 'bucket', 'day', 'started', 'ended')
if m[2] and m[2] ~= ARGV[4] then error({ err = 'INTO ' .. m[2] }) end
local id, part = m[1] or ARGV[3], number(m[3] or 1, merging)
local waiting = redis.call('LLEN', outbox)
if waiting > 0 and acknowledged ~= part then
  return { id, part, unpack(redis.call('LRANGE', outbox, 0, -1)) }
end
if waiting > 0 then part = part + 1 end

redis.call('XLEN', log)
redis.call('ZCARD', top)
local t = redis.call('HMGET', total, 'views', 'visits', 'visitors', 'articles', 'buckets',
  'start:views', 'start:visits', 'start:visitors')
for i = 1, 8 do t[i] = number(t[i], total) end
local buckets, bucket = math.max(t[5], 1), number(m[4], merging)

-- What is taken, and how it is taken away.
local taken, moved, writes = nil, { 0, 0, 0, 0 }, {}
local function later(...) writes[#writes + 1] = { ... } end

local function take_articles()
  local found, gone = {}, {}
  while bucket < buckets and #found < 2 * articles_a_part do
    local key = prefix .. bucket
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
      number(fields[i + 1], key .. ' ' .. fields[i])
      found[#found + 1], found[#found + 2] = fields[i], fields[i + 1]
      gone[#gone + 1] = fields[i]
    end
    if #fields > 0 then later('UNLINK', key) end
    bucket = bucket + 1
  end
  if #gone == 0 then return end
  for from = 1, #gone, 1000 do later('ZREM', top, unpack(gone, from, math.min(from + 999, #gone))) end
  later('HSET', total, 'articles', math.max(t[4] - #gone, 0))
  taken, moved[4] = found, #gone
  table.insert(taken, 1, 'articles')
end

local last_day = m[5] or ''
local function take_days()
  local keys_of = {}
  for i = 8, #ARGV do
    local first = 8 + 3 * (i - 8)
    if redis.call('EXISTS', KEYS[first], KEYS[first + 1], KEYS[first + 2]) > 0 then
      keys_of[ARGV[i]] = first
    end
  end
  local names, closing, rows = {}, {}, {}
  local function row(name)
    if not rows[name] then
      rows[name] = { 0, 0, 0 }
      names[#names + 1] = name
    end
    return rows[name]
  end
  local recorded = redis.call('HGETALL', days)
  for i = 1, #recorded, 2 do
    local name, field = string.match(recorded[i], '^(%d+)(:[vsut])$')
    if field == ':t' then
      local v, s, u = string.match(recorded[i + 1], '^(%d+) (%d+) (%d+)$')
      if not v then
        error({ err = 'BADVALUE ' .. days .. ' ' .. recorded[i] .. ' is not three sums' })
      end
      row(name)
      closing[name] = { v, s, u }
    elseif name then
      for n = 1, 3 do
        if field == FIELDS[n] then row(name)[n] = number(recorded[i + 1], days) end
      end
    end
  end
  for name in pairs(keys_of) do row(name) end
  table.sort(names)

  local many, sum = 0, { 0, 0, 0 }
  for _, name in ipairs(names) do
    local alone = keys_of[name]
    local wanted = name > last_day and (not taken or taken[1] == 'days' and not alone)
      and many < days_a_part
    if wanted then
      taken = taken or { alone and 'day' or 'days' }
      taken[#taken + 1], many, last_day = name, many + 1, name
      for n = 1, 3 do
        taken[#taken + 1] = int(rows[name][n])
        sum[n] = sum[n] + rows[name][n]
      end
      later('HDEL', days, name .. ':v', name .. ':s', name .. ':u', name .. ':t')
      if alone then
        local hours = redis.call('HGETALL', KEYS[alone + 2])
        local best = redis.call('ZRANGE', KEYS[alone + 1], 0, -1, 'WITHSCORES')
        taken[#taken + 1] = redis.call('GET', KEYS[alone]) or ''
        taken[#taken + 1] = #hours / 2
        for _, list in ipairs({ hours, best }) do
          for _, value in ipairs(list) do taken[#taken + 1] = value end
        end
        later('UNLINK', KEYS[alone], KEYS[alone + 1], KEYS[alone + 2])
      end
    elseif closing[name] and many > 0 then
      local c = closing[name]
      later('HSET', days, name .. ':t',
        int(c[1] - sum[1]) .. ' ' .. int(c[2] - sum[2]) .. ' ' .. int(c[3] - sum[3]))
    end
  end
  for n, unit in ipairs(UNITS) do
    if taken then later('HSET', total, unit, t[n] - sum[n]) end
    moved[n] = sum[n]
  end
end

local function take_start()
  if m[6] or t[6] + t[7] + t[8] == 0 then return end
  taken = { 'start', int(t[6]), int(t[7]), int(t[8]) }
  for n, unit in ipairs(UNITS) do
    -- A start of 0 stays: the service gives one only to a site that was never given any.
    if t[5 + n] > 0 then later('HSET', total, 'start:' .. unit, 0, unit, t[n] - t[5 + n]) end
    moved[n] = t[5 + n]
  end
end

if not m[7] then
  take_articles()
  if not taken then take_days() end
  if not taken then take_start() end
end
local sums = redis.call('HMGET', merging, unpack(UNITS))
for n = 1, 3 do sums[n] = number(sums[n], merging) end
sums[4] = number(redis.call('HGET', merging, 'articles'), merging)
local subject = ARGV[4] .. ', of merge ' .. id

if not taken and not m[1] then return {} end
if not taken and m[7] then
  -- The first write is one that Redis refuses when it is out of memory: then nothing is written.
  record(log, ARGV[2], ARGV[1], 'merge', 'all that there was into ' .. subject, {
    'before:views', t[1] + sums[1], 'after:views', t[1],
    'before:articles', t[4] + sums[4], 'after:articles', t[4] })
  redis.call('UNLINK', merging, outbox)
  return {}
end
if not m[1] then
  record(log, ARGV[2], ARGV[1], 'merge', 'from here on into ' .. subject,
    { 'before:views', t[1], 'before:articles', t[4] })
end
local ended = not taken
if ended then
  taken = { 'end', int(sums[1]), int(sums[2]), int(sums[3]), int(sums[4]) }
end
redis.call('HSET', merging, 'id', id, 'into', ARGV[4], 'part', part, 'bucket', bucket,
  'day', last_day)
if taken[1] == 'start' then redis.call('HSET', merging, 'started', 1) end
if ended then redis.call('HSET', merging, 'ended', 1) end
for n, name in ipairs({ 'views', 'visits', 'visitors', 'articles' }) do
  redis.call('HINCRBY', merging, name, int(moved[n]))
end
redis.call('UNLINK', outbox)
for from = 1, #taken, 1000 do
  redis.call('RPUSH', outbox, unpack(taken, from, math.min(from + 999, #taken)))
end
for _, write in ipairs(writes) do redis.call(unpack(write)) end
return { id, part, unpack(taken) }
