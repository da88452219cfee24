-- Stores what a renderer can do. The renderer repeats it before it expires.
--
-- ARGV[4]  slot    ARGV[5]  ms until it expires, 0 deletes it now    ARGV[6]  the renderer as JSON
-- returns  {'OK'}
local renderersKey, untilKey = base .. 'renderers', base .. 'renderers-until'
call('HSET', renderersKey, ARGV[4], ARGV[6])
call('ZADD', untilKey, num(now + ARGV[5]), ARGV[4])
for _, slot in ipairs(call('ZRANGEBYSCORE', untilKey, '-inf', num(now))) do
  call('ZREM', untilKey, slot)
  call('HDEL', renderersKey, slot)
end
return {'OK'}
