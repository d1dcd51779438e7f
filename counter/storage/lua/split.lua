-- CRC-32 (ISO-HDLC, as zlib has it): only a split has to find out a path's hash by itself.
local crc_table
local function crc32(text)
  if not crc_table then
    crc_table = {}
    for i = 0, 255 do
      local c = i
      for _ = 1, 8 do
        c = bit.bxor(bit.rshift(c, 1), bit.band(c, 1) == 1 and 0xEDB88320 or 0)
      end
      crc_table[i] = c
    end
  end
  local c = -1
  for i = 1, #text do
    c = bit.bxor(bit.rshift(c, 8), crc_table[bit.band(bit.bxor(c, string.byte(text, i)), 0xFF)])
  end
  return bit.bnot(c) % 4294967296
end

-- Returns how many splits so many articles want. The buckets that they touch are looked at, so one
-- of a wrong type is an error before anything is written.
local function splits_for(prefix, articles, buckets, load)
  local splits = 0
  while articles > load * (buckets + splits) do
    local into = buckets + splits
    redis.call('HLEN', prefix .. into)
    redis.call('HLEN', prefix .. (into - round_of(into)))
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
    if crc32(fields[i]) % (size * 2) == buckets then
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
