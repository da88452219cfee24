-- Stores an undelivered result: finished images that the bot delivers.
--
-- ARGV[4]  job id    ARGV[5]  record as JSON    ARGV[6]  limit of results    ARGV[7]  limit of their bytes
-- ARGV[8...]  bytes of each file
-- returns  {'OK'} also when repeated · {'FULL'}
--
-- If the id is listed and its data is gone, the data is stored again and the id keeps its time.
local id, listKey, sizesKey = ARGV[4], base .. 'undelivered', base .. 'undelivered-sizes'
local dataKey = base .. 'undelivered:' .. id
local listed = call('ZSCORE', listKey, id)
if listed and call('EXISTS', dataKey) == 1 then return {'OK'} end
local size = string.len(ARGV[5])
for i = 8, #ARGV do size = size + string.len(ARGV[i]) end
local previous = call('HGET', sizesKey, id) or 0
local total = tonumber(call('HGET', sizesKey, '') or '0') - previous
local full = not listed and call('ZCARD', listKey) >= tonumber(ARGV[6])
if full or total + size > tonumber(ARGV[7]) then return {'FULL'} end
call('DEL', dataKey)
for i = 8, #ARGV do call('RPUSH', dataKey, ARGV[i]) end
call('LPUSH', dataKey, ARGV[5])
call('ZADD', listKey, num(now), id)
call('HSET', sizesKey, id, size)
call('HINCRBY', sizesKey, '', size - previous)
call('XADD', base .. 'events', 'MAXLEN', '~', ARGV[3], '*', 'kind', 'undelivered', 'job', id)
return {'OK'}
