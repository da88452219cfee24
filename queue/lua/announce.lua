-- Says what a renderer offers, until it says so again.
--
-- ARGV[4]  slot    ARGV[5]  ms until it is forgotten, 0 forgets it now    ARGV[6]  offer as JSON
-- returns  {'OK'}
local offersKey, seenKey = base .. 'offers', base .. 'seen'
call('HSET', offersKey, ARGV[4], ARGV[6])
call('ZADD', seenKey, num(now + ARGV[5]), ARGV[4])
for _, slot in ipairs(call('ZRANGEBYSCORE', seenKey, '-inf', num(now))) do
  call('ZREM', seenKey, slot)
  call('HDEL', offersKey, slot)
end
return {'OK'}
