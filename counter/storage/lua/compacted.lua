-- Ends the compacting of a site: drops days on which nothing was counted, and notes what it saved.
--
-- KEYS  1 audit  2 days
-- ARGV  1 who  2 entries that the audit log keeps
--       3 bytes before  4 bytes after  5 buckets before  6 buckets after
-- Reply how many days were dropped
-- Error WRONGTYPE or BADVALUE, before anything is written

redis.call('XLEN', KEYS[1])
local sums, recorded = {}, redis.call('HGETALL', KEYS[2])
for i = 1, #recorded, 2 do
  local name, field = string.match(recorded[i], '^(%d+):([vsut])$')
  if name then
    local count = field == 't' and 0 or number(recorded[i + 1], KEYS[2] .. ' ' .. recorded[i])
    sums[name] = (sums[name] or 0) + count
  end
end
local dropped = 0
record(KEYS[1], ARGV[2], ARGV[1], 'compact', 'articles and days', {
  'before:bytes', ARGV[3], 'after:bytes', ARGV[4],
  'before:buckets', ARGV[5], 'after:buckets', ARGV[6] })
for name, sum in pairs(sums) do
  if sum == 0 then
    redis.call('HDEL', KEYS[2], name .. ':v', name .. ':s', name .. ':u', name .. ':t')
    dropped = dropped + 1
  end
end
return dropped
