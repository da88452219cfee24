-- Lays finished pictures into the tray, for the bot to deliver.
--
-- ARGV[4]  job id    ARGV[5]  delivery as JSON    ARGV[6]  most deliveries    ARGV[7]  most bytes in the tray
-- ARGV[8...]  bytes of each file
-- returns  {'OK'} also when repeated · {'FULL'}
local id, trayKey, sizesKey = ARGV[4], base .. 'tray', base .. 'sizes'
local deliveryKey = base .. 'delivery:' .. id
if call('ZSCORE', trayKey, id) then return {'OK'} end
local size = string.len(ARGV[5])
for i = 8, #ARGV do size = size + string.len(ARGV[i]) end
local total = tonumber(call('HGET', sizesKey, '') or '0')
if call('ZCARD', trayKey) >= tonumber(ARGV[6]) or total + size > tonumber(ARGV[7]) then return {'FULL'} end
call('DEL', deliveryKey)
for i = 8, #ARGV do call('RPUSH', deliveryKey, ARGV[i]) end
call('LPUSH', deliveryKey, ARGV[5])
call('ZADD', trayKey, num(now), id)
call('HSET', sizesKey, id, size)
call('HINCRBY', sizesKey, '', size)
call('XADD', base .. 'events', 'MAXLEN', '~', ARGV[3], '*', 'kind', 'tray', 'job', id)
return {'OK'}
