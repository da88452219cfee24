-- Reads what stands above the jobs: queue/snapshot.go reads the rest, in pieces, so that a long line holds nobody up.
--
-- returns  {'OK', epoch, V, now, scope, since, reason, ...}: the virtual time, and what is paused
local out = {'OK', epoch, num(lineGet('V')), num(now)}
if anyPause then
  local all = call('HGETALL', pausesKey)
  for i = 1, #all, 2 do
    local since, reason = string.match(all[i + 1], '^(%d+) (.*)$')
    for _, x in ipairs({all[i], since, reason}) do out[#out + 1] = x end
  end
end
return out
