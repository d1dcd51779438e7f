-- Other names of articles: a name's value is "<hash> <path>" of what it stands for, which may be
-- another such name. Prepended to every script that is told paths by others.

-- Replaces those of `paths` that are other names by the articles' own, and their `hashes` too.
-- `names` is how many other names the site has: no chain of them is longer.
local function resolve(aliases, names, paths, hashes)
  local open = {}
  for n = 1, #paths do open[n] = n end
  for _ = 1, names do
    local renamed = {}
    -- unpack() puts its values on Lua's stack, which holds some 8,000.
    for from = 1, #open, 1000 do
      local asked = {}
      for i = from, math.min(from + 999, #open) do asked[#asked + 1] = paths[open[i]] end
      for i, value in ipairs(redis.call('HMGET', aliases, unpack(asked))) do
        if value then
          local n = open[from + i - 1]
          local hash, path = string.match(value, '^(%d+) (/.*)$')
          if not path then
            error({ err = 'BADVALUE ' .. aliases .. ' ' .. paths[n] .. ' is not hash and path' })
          end
          paths[n], hashes[n] = path, tonumber(hash)
          renamed[#renamed + 1] = n
        end
      end
    end
    if #renamed == 0 then return end
    open = renamed
  end
end
