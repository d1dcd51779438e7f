-- Only a split has to find out paths' hashes by itself.
local function hash_of(path)
  return tonumber(string.sub(redis.sha1hex(path), 1, 8), 16)
end

-- Returns how many splits so many articles want. The buckets that they touch are looked at by `call`,
-- which is `redis.call` or like it: so one of a wrong type is an error before anything is split.
local function splits_for(prefix, articles, buckets, load, call)
  local splits = 0
  while articles > load * (buckets + splits) do
    local into = buckets + splits
    call('HLEN', prefix .. into)
    call('HLEN', prefix .. (into - round_of(into)))
    splits = splits + 1
  end
  return splits
end

-- Splits the next bucket in two and returns the new number of buckets; for scripts that write.
local function split(prefix, buckets)
  local size = round_of(buckets)
  local source, target = prefix .. (buckets - size), prefix .. buckets
  local fields = redis.call('HGETALL', source)
  local moved, gone = {}, {}
  local function move()
    if #gone > 0 then
      redis.call('HSET', target, unpack(moved))
      redis.call('HDEL', source, unpack(gone))
      moved, gone = {}, {}
    end
  end
  for i = 1, #fields, 2 do
    if hash_of(fields[i]) % (size * 2) == buckets then
      moved[#moved + 1] = fields[i]
      moved[#moved + 1] = fields[i + 1]
      gone[#gone + 1] = fields[i]
      -- unpack() puts its values on Lua's stack, which holds some 8,000.
      if #gone == 1000 then move() end
    end
  end
  move()
  return buckets + 1
end
