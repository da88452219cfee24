-- Moves undelivered results from the keys of the version before. Each keeps its time and its lease.
--
-- ARGV[4]  limit of results to move
-- returns  {'OK', results moved}
local old = 'dr:' .. string.sub(base, 10)
local listKey, sizesKey = base .. 'undelivered', base .. 'undelivered-sizes'
local ids = call('ZRANGE', old .. 'tray', 0, ARGV[4] - 1, 'WITHSCORES')
for i = 1, #ids, 2 do
  local id, data = ids[i], base .. 'undelivered:' .. ids[i]
  local size = call('HGET', old .. 'sizes', id) or '0'
  if call('EXISTS', data) == 0 and call('EXISTS', old .. 'delivery:' .. id) == 1 then
    call('RENAME', old .. 'delivery:' .. id, data)
    call('ZADD', listKey, ids[i + 1], id)
    call('HINCRBY', sizesKey, '', size - (call('HGET', sizesKey, id) or '0'))
    call('HSET', sizesKey, id, size)
  end
  call('DEL', old .. 'delivery:' .. id)
  call('ZREM', old .. 'tray', id)
  call('HDEL', old .. 'sizes', id)
  call('HINCRBY', old .. 'sizes', '', -size)
end
return {'OK', num(#ids / 2)}
