-- Takes deliveries out of the tray for a while; what is not acknowledged by then comes up again.
--
-- ARGV[4]  most deliveries    ARGV[5]  ms until they come up again
-- returns  {'OK', {delivery as JSON, bytes, ...}, ...} the oldest first
--
-- A name whose delivery is gone is dropped: it would come up for ever.
local out = {'OK'}
local trayKey, sizesKey = base .. 'tray', base .. 'sizes'
for _, id in ipairs(call('ZRANGEBYSCORE', trayKey, '-inf', num(now), 'LIMIT', 0, ARGV[4])) do
  local delivery = call('LRANGE', base .. 'delivery:' .. id, 0, -1)
  if #delivery > 0 then
    call('ZADD', trayKey, num(now + ARGV[5]), id)
    out[#out + 1] = delivery
  else
    call('ZREM', trayKey, id)
    call('HINCRBY', sizesKey, '', -(call('HGET', sizesKey, id) or 0))
    call('HDEL', sizesKey, id)
  end
end
return out
