-- Returns the epoch of the pool.
--
-- returns  {epoch or '', '1' if the server has not restarted since that epoch began, else '0'}
local r = call('HMGET', KEYS[1], 'epoch', 'run')
return {r[1] or '', r[2] == serverRun() and '1' or '0'}
