-- Lists what is paused.
--
-- returns  {'OK', scope, since, reason, ...}
local out = {'OK'}
local all = call('HGETALL', base .. 'pauses')
for i = 1, #all, 2 do
  local since, reason = string.match(all[i + 1], '^(%d+) (.*)$')
  for _, x in ipairs({all[i], since, reason}) do out[#out + 1] = x end
end
return out
