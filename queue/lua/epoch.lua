-- Returns the epoch of the pool.
--
-- returns  {epoch or '', '1' if it can be trusted, else '0'}: the server has not restarted since that epoch began, and no
--          key is known to be lost
local r = call('HMGET', KEYS[1], 'epoch', 'run', 'damaged')
return {r[1] or '', r[2] == serverRun() and not r[3] and '1' or '0'}
