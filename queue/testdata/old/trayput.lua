-- Lays finished pictures into the tray, for the bot to deliver.
--
-- ARGV[4]  job id    ARGV[5]  delivery as JSON    ARGV[6]  most deliveries    ARGV[7]  most bytes in the tray
-- ARGV[8...]  bytes of each file
-- returns  {'OK'} also when repeated · {'FULL'}
--
-- A name whose delivery is gone gets it anew, in the same place.
local id, trayKey, sizesKey = ARGV[4], base .. 'tray', base .. 'sizes'
local deliveryKey = base .. 'delivery:' .. id
local there = call('ZSCORE', trayKey, id)
if there and call('EXISTS', deliveryKey) == 1 then return {'OK'} end
local size = string.len(ARGV[5])
for i = 8, #ARGV do size = size + string.len(ARGV[i]) end
local was = call('HGET', sizesKey, id) or 0
local total = tonumber(call('HGET', sizesKey, '') or '0') - was
if not there and call('ZCARD', trayKey) >= tonumber(ARGV[6]) or total + size > tonumber(ARGV[7]) then return {'FULL'} end
call('DEL', deliveryKey)
for i = 8, #ARGV do call('RPUSH', deliveryKey, ARGV[i]) end
call('LPUSH', deliveryKey, ARGV[5])
call('ZADD', trayKey, num(now), id)
call('HSET', sizesKey, id, size)
call('HINCRBY', sizesKey, '', size - was)
call('XADD', base .. 'events', 'MAXLEN', '~', ARGV[3], '*', 'kind', 'tray', 'job', id)
return {'OK'}
