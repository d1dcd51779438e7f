-- Notes in the audit log of a site that all figures of another one have been merged into it; once.
--
-- KEYS  1 import (the number of the last part added)  2 audit  3 total
-- ARGV  1 number of the part  2 seconds that the import is remembered
--       3 who  4 entries that the audit log keeps  5 the other site
--       6 views, 7 visits, 8 visitors, 9 articles that came
-- Reply 1 if noted now, 0 if it was before
-- Error WRONGTYPE or BADVALUE, before anything is written

if tonumber(ARGV[1]) <= number(redis.call('GET', KEYS[1]), KEYS[1]) then return 0 end
redis.call('XLEN', KEYS[2])
local views = number(redis.call('HGET', KEYS[3], 'views'), KEYS[3])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
record(KEYS[2], ARGV[4], ARGV[3], 'merge', 'all of ' .. ARGV[5] .. ' into this site', {
  'before:views', views - tonumber(ARGV[6]), 'after:views', views,
  'before:' .. ARGV[5] .. ' views', ARGV[6], 'before:' .. ARGV[5] .. ' articles', ARGV[9] })
return 1
