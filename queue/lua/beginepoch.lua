-- Begins an epoch with an empty queue. Undelivered results, announced renderers and the event stream stay.
--
-- ARGV[1]  the new epoch
-- returns  {'OK'} also when repeated · {'EPOCH', current} when the pool has a later epoch
local current = call('HGET', KEYS[1], 'epoch')
if current and tonumber(current) > tonumber(ARGV[1]) then return {'EPOCH', current} end
if current == ARGV[1] then return {'OK'} end
call('HSET', KEYS[1], 'epoch', ARGV[1], 'run', serverRun(), 'began', num(now))
call('HDEL', KEYS[1], 'damaged')
call('XADD', base .. 'events', 'MAXLEN', '~', ARGV[3], '*', 'kind', 'epoch', 'job', '')
return {'OK'}
