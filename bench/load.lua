-- The load, for wrk: articles by Zipf's law, visitors by chance, with a browser's headers.
--
-- Arguments: what (views, figures:N, or an address to GET), file of user agents, seed, articles,
-- visitors, site, an article's path with %d for its number, and how long a connection pauses between
-- two requests (ms on average; 0: not).
-- With a pause that is long beside an answer's time, the rate is the connections' and no longer
-- the server's: an open loop, as readers are.
-- The last line on standard output is a JSON object: requests, seconds, errors, latencies (ms).

local threads = 0
function setup(thread)
  thread:set('number', threads)
  threads = threads + 1
end

local what, articles, visitors, site, path, paths_each, pause
local agents, cumulative = {}, {}

local function article()
  local at, low, high = math.random() * cumulative[articles], 1, articles
  while low < high do
    local middle = math.floor((low + high) / 2)
    if cumulative[middle] < at then low = middle + 1 else high = middle end
  end
  -- The rank says how popular an article is; its number is to say nothing.
  return string.format(path, (low * 7919) % articles)
end

function init(args)
  what, articles, visitors, site = args[1], tonumber(args[4]), tonumber(args[5]), args[6]
  paths_each = tonumber(what:match(':(%d+)') or 0)
  path = args[7]:gsub('/', '%%%%2F')
  pause = tonumber(args[8])
  if pause > 0 then
    -- As if by chance (a Poisson process).
    function delay() return math.floor(-math.log(1 - math.random()) * pause + 0.5) end
  end
  math.randomseed(tonumber(args[3]) + number)
  for line in io.lines(args[2]) do agents[#agents + 1] = line end
  local sum = 0
  for rank = 1, articles do
    sum = sum + 1 / rank
    cumulative[rank] = sum
  end
end

local function headers(visitor)
  return 'Host: count.example\r\nUser-Agent: ' .. agents[visitor % #agents + 1]
    .. '\r\nAccept: */*\r\nAccept-Language: vi-VN,vi;q=0.9,en;q=0.8\r\n'
    .. 'Accept-Encoding: gzip, deflate, br, zstd\r\nOrigin: https://www.example.gov.vn\r\n'
    .. 'Referer: https://www.example.gov.vn/\r\nSec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\n'
    .. 'Sec-Fetch-Site: cross-site\r\nX-Forwarded-For: '
    .. string.format('%d.%d.%d.%d', 11 + visitor % 89, math.floor(visitor / 89) % 250,
      math.floor(visitor / 22250) % 250, 1 + visitor % 250)
    .. '\r\n'
end

function request()
  local visitor = math.random(0, visitors - 1)
  if what:sub(1, 1) == '/' then
    return 'GET ' .. what .. ' HTTP/1.1\r\n' .. headers(visitor) .. '\r\n'
  end
  if paths_each == 0 then
    return 'POST /v1/' .. site .. '/views?path=' .. article() .. ' HTTP/1.1\r\n'
      .. headers(visitor) .. 'Content-Length: 0\r\n\r\n'
  end
  local paths = {}
  for n = 1, paths_each do paths[n] = 'path=' .. article() end
  return 'GET /v1/' .. site .. '/figures?' .. table.concat(paths, '&') .. ' HTTP/1.1\r\n'
    .. headers(visitor) .. '\r\n'
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"socket_errors":%d,"status_errors":%d,'
      .. '"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
