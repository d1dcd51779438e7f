-- Articles in bucketed hashes: prepended to every script that reads or writes them.
--
-- The views of an article are a field of the hash <prefix><bucket>. Buckets are kept small, since
-- Redis packs a small hash: a path then costs few bytes beyond its own. Their number grows with
-- the articles, one at a time, by linear hashing (W. Litwin, VLDB 1980): bucket b splits into b
-- and b + size, and nothing else moves.

local function hash_of(path)
  return tonumber(string.sub(redis.sha1hex(path), 1, 8), 16)
end

-- The largest power of two that is at most `buckets`.
local function round_of(buckets)
  local size = 1
  while size * 2 <= buckets do size = size * 2 end
  return size
end

local function bucket_of(hash, buckets, size)
  local bucket = hash % (size * 2)
  if bucket >= buckets then bucket = hash % size end
  return string.format('%d', bucket)
end

-- Numbers are written without an exponent: Lua would print 1e+15.
local function int(number)
  return string.format('%.0f', number)
end
