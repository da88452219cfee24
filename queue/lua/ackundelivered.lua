-- Deletes an undelivered result that has arrived or never will.
--
-- ARGV[4]  job id
-- returns  {'OK'} also when repeated
local id, sizesKey = ARGV[4], base .. 'undelivered-sizes'
local size = call('HGET', sizesKey, id)
if size then call('HINCRBY', sizesKey, '', -size) end
call('HDEL', sizesKey, id)
call('ZREM', base .. 'undelivered', id)
call('DEL', base .. 'undelivered:' .. id)
return {'OK'}
