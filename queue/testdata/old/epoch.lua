-- Tells which epoch the pool is in.
--
-- returns  {epoch or '', '1' if the server still runs as it did when that epoch began}
local r = call('HMGET', KEYS[1], 'epoch', 'run')
return {r[1] or '', r[2] == serverRun() and '1' or '0'}
