-- Reads cards and lists of cards.
--
-- ARGV[4...]  their hashes
-- returns  {'OK', content or '', ...} in the same order
local out = {'OK'}
for i = 4, #ARGV do out[#out + 1] = call('HGET', base .. 'cards', ARGV[i]) or '' end
return out
