-- Takes undelivered results for a while. A result that is not acknowledged by then comes up again.
--
-- ARGV[4]  limit of results    ARGV[5]  ms until they come up again
-- returns  {'OK', {record as JSON, bytes, ...}, ...} the oldest first
--
-- An id whose data is gone is dropped: otherwise it would come up forever.
local out = {'OK'}
local listKey, sizesKey = base .. 'undelivered', base .. 'undelivered-sizes'
for _, id in ipairs(call('ZRANGEBYSCORE', listKey, '-inf', num(now), 'LIMIT', 0, ARGV[4])) do
  local data = call('LRANGE', base .. 'undelivered:' .. id, 0, -1)
  if #data > 0 then
    call('ZADD', listKey, num(now + ARGV[5]), id)
    out[#out + 1] = data
  else
    call('ZREM', listKey, id)
    call('HINCRBY', sizesKey, '', -(call('HGET', sizesKey, id) or 0))
    call('HDEL', sizesKey, id)
  end
end
return out
