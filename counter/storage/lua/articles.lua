-- Articles in bucketed hashes: prepended to every script that reads or writes them.
--
-- The views of an article are a field of the hash <prefix><bucket>. Buckets are kept small, since
-- Redis packs a small hash: a path then costs few bytes beyond its own. Their number grows with
-- the articles, one at a time, by linear hashing (W. Litwin, VLDB 1980): bucket b splits into b
-- and b + size, and nothing else moves. The hash is the first 32 bits of the
-- path's SHA-1, which the caller tells, and which Redis has for scripts of its own.

-- The largest power of two that is at most `buckets`.
local function round_of(buckets)
  local size = 1
  while size * 2 <= buckets do size = size * 2 end
  return size
end

local function bucket_of(hash, buckets, size)
  local bucket = hash % (size * 2)
  if bucket >= buckets then bucket = hash % size end
  return bucket
end

-- A number in a longer text: Lua itself would write 1e+15. (Alone, as an argument of a call, a
-- number needs nothing: Redis writes all its digits.)
local function int(number)
  return string.format('%.0f', number)
end

-- A number that Redis holds at `what`; 0 where there is none yet.
local function number(value, what)
  if not value then return 0 end
  local n = tonumber(value)
  if not n then error({ err = 'BADVALUE ' .. what .. ' is not a number' }) end
  return n
end
