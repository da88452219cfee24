-- What every script begins with: the clock and the pool's prefix.
--
-- KEYS[1]  the pool's root hash ("root": the epoch, and which run of the server it began on)
-- ARGV[1]  the epoch the caller believes in, or '' for whichever is current
-- ARGV[2]  '' for the server's clock; in tests the time in milliseconds since 1970
-- ARGV[3]  length at which the event stream is cut
--
-- Every key begins like KEYS[1], so it carries the pool's hash tag and lies in the same slot.
local call = redis.call
local base = string.sub(KEYS[1], 1, -5)
local now = tonumber(ARGV[2])
if not now then
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

-- serverRun names this run of the server, '' when it does not say (the embedded one, or not allowed). A server that was
-- started anew or replaced by its replica may have forgotten acknowledged writes.
local function serverRun()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

local function num(x) return string.format('%d', x) end -- of whole numbers; '..' keeps 14 digits only
