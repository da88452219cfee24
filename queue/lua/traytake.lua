-- Takes deliveries out of the tray for a while; what is not acknowledged by then comes up again.
--
-- ARGV[4]  most deliveries    ARGV[5]  ms until they come up again
-- returns  {'OK', {delivery as JSON, bytes, ...}, ...} the oldest first
local out = {'OK'}
local trayKey = base .. 'tray'
for _, id in ipairs(call('ZRANGEBYSCORE', trayKey, '-inf', num(now), 'LIMIT', 0, ARGV[4])) do
  call('ZADD', trayKey, num(now + ARGV[5]), id)
  out[#out + 1] = call('LRANGE', base .. 'delivery:' .. id, 0, -1)
end
return out
