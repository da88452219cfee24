-- Every script begins with this file: the clock and the prefix of the pool's keys.
--
-- KEYS[1]  the pool's root hash: the epoch, and the run of the server on which it began
-- ARGV[1]  the epoch that the caller expects, or '' for the current one
-- ARGV[2]  '' for the server's clock; in tests the time in milliseconds since 1970
-- ARGV[3]  the length at which the event stream is trimmed
--
-- Every key has the prefix of KEYS[1]. It contains the pool's hash tag, so all keys lie in one slot of a cluster.
local call = redis.call
local base = string.sub(KEYS[1], 1, -5)
local now = tonumber(ARGV[2])
if not now then
  local t = call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
end

-- serverRun returns the id of this run of the server, or '' if the server does not tell (the embedded one, or no
-- permission). A server that restarted, or a replica that took over, may have lost acknowledged writes.
local function serverRun()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

-- Nothing here relies on keys that expire: times are scores that scripts compare. So tests set the clock, and the
-- embedded server behaves as Redis does.
local function num(x) return string.format('%d', x) end -- for whole numbers; '..' keeps 14 digits only
