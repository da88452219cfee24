-- Tells which epoch the pool is in.
--
-- returns  {epoch or '', '1' if the server still runs as it did when that epoch began}
--
-- A server that was started anew or replaced by its replica may have forgotten acknowledged writes.
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local r = call('HMGET', KEYS[1], 'epoch', 'run')
return {r[1] or '', r[2] == run and '1' or '0'}
