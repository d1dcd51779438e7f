-- Reads all that the invariant speaks of, at one moment; writes nothing.
--
-- KEYS  1 total  2 days
-- Reply { all fields and values of total; those of days }

return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }
