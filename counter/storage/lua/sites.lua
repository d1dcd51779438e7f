-- Changes the sites that were added while the service runs.
--
-- KEYS  1 sites
-- ARGV  1 the revision that the change was made upon  then field and value, by turns; an empty
--       value takes the field away
-- Reply the new revision; -1 if the sites are at another one: then nothing changes
-- Error WRONGTYPE or BADVALUE, before anything is written

local revision = tonumber(redis.call('HGET', KEYS[1], 'revision') or 0)
if not revision then return redis.error_reply('BADVALUE revision in ' .. KEYS[1]) end
if revision ~= tonumber(ARGV[1]) then return -1 end
for n = 2, #ARGV, 2 do
  if ARGV[n + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[n])
  else
    redis.call('HSET', KEYS[1], ARGV[n], ARGV[n + 1])
  end
end
return redis.call('HINCRBY', KEYS[1], 'revision', 1)
