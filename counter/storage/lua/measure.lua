-- Returns the bytes that some keys of a site take in the store's memory; writes nothing.
--
-- KEYS  the keys
-- Reply the sum

local sum = 0
for _, key in ipairs(KEYS) do sum = sum + (redis.call('MEMORY', 'USAGE', key) or 0) end
return sum
