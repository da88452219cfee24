-- Drops a delivery that has arrived, or never will.
--
-- ARGV[4]  job id
-- returns  {'OK'} also when repeated
local id, sizesKey = ARGV[4], base .. 'sizes'
local size = call('HGET', sizesKey, id)
if size then call('HINCRBY', sizesKey, '', -size) end
call('HDEL', sizesKey, id)
call('ZREM', base .. 'tray', id)
call('DEL', base .. 'delivery:' .. id)
return {'OK'}
