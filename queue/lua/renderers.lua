-- Lists what the renderers offer that were heard of lately.
--
-- returns  {'OK', offer as JSON, ...} in the order of their slots
local out = {'OK'}
local slots = call('ZRANGEBYSCORE', base .. 'seen', '(' .. num(now), '+inf')
table.sort(slots)
for _, slot in ipairs(slots) do out[#out + 1] = call('HGET', base .. 'offers', slot) end
return out
