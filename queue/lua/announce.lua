-- Stores what a renderer can do. The renderer repeats it before it expires.
--
-- ARGV[4]  slot    ARGV[5]  ms until it expires, 0 deletes it now    ARGV[6]  the renderer as JSON
-- ARGV[7]  hash of the list of its cards, '' for none
-- returns  {'OK'}
--          {'CARDS'} nothing is stored: the list is not known. Send it and its cards with putcards.lua and repeat the call
--
-- A list holds for as long as a renderer names it, and so do its cards (and its models' images, which it calls cards). They hold longer than the renderer, so whoever
-- has read a renderer can read them.
local renderersKey, untilKey = base .. 'renderers', base .. 'renderers-until'
local cardsKey, cardsUntilKey = base .. 'cards', base .. 'cards-until'
local list = ARGV[7] ~= '' and call('HGET', cardsKey, ARGV[7])
if ARGV[7] ~= '' and not list then return {'CARDS'} end
if list then
  local words = {}
  for hash in string.gmatch(list .. '"card":"' .. ARGV[7] .. '"', '"card":"(%x+)"') do
    words[#words + 1], words[#words + 2] = num(now + 2 * ARGV[5]), hash
    if #words == 2000 then
      call('ZADD', cardsUntilKey, unpack(words))
      words = {}
    end
  end
  if #words > 0 then call('ZADD', cardsUntilKey, unpack(words)) end
end
call('HSET', renderersKey, ARGV[4], ARGV[6])
call('ZADD', untilKey, num(now + ARGV[5]), ARGV[4])
for _, slot in ipairs(call('ZRANGEBYSCORE', untilKey, '-inf', num(now))) do
  call('ZREM', untilKey, slot)
  call('HDEL', renderersKey, slot)
end
for _, hash in ipairs(call('ZRANGEBYSCORE', cardsUntilKey, '-inf', num(now), 'LIMIT', 0, 1000)) do
  call('ZREM', cardsUntilKey, hash)
  call('HDEL', cardsKey, hash)
end
return {'OK'}
