-- Lists the renderers whose announcement has not expired.
--
-- returns  {'OK', renderer as JSON, ...} in the order of their slots
local out = {'OK'}
local slots = call('ZRANGEBYSCORE', base .. 'renderers-until', '(' .. num(now), '+inf')
table.sort(slots)
for _, slot in ipairs(slots) do out[#out + 1] = call('HGET', base .. 'renderers', slot) end
return out
