-- Says that the store has a schema, unless it has a newer one already.
--
-- KEYS  1 schema
-- ARGV  1 the version
-- Reply the version that now holds
-- Error WRONGTYPE or BADVALUE, before anything is written

local version = math.max(number(redis.call('GET', KEYS[1]), KEYS[1]), tonumber(ARGV[1]))
redis.call('SET', KEYS[1], version)
return version
