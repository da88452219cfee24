-- Stores cards, or a list of them, each under the hash of its content.
--
-- ARGV[4]  ms for which they hold at least    ARGV[5...]  hash, content ('' for one that is stored), and so on
-- returns  {'OK'} also when repeated
for i = 5, #ARGV, 2 do
  if ARGV[i + 1] ~= '' then call('HSET', base .. 'cards', ARGV[i], ARGV[i + 1]) end
  call('ZADD', base .. 'cards-until', num(now + 2 * ARGV[4]), ARGV[i])
end
return {'OK'}
