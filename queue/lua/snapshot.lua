-- Reads what does not belong to one job. queue/snapshot_read.go reads the rest in pieces, so that a long queue blocks
-- nobody.
--
-- returns  {'OK', epoch, virtual time, now, scope, since, reason, ...}: three words for each pause
local out = {'OK', epoch, num(counterGet('virtualtime')), num(now)}
if anyPause then
  local all = call('HGETALL', pausesKey)
  for i = 1, #all, 2 do
    local since, reason = string.match(all[i + 1], '^(%d+) (.*)$')
    for _, x in ipairs({all[i], since, reason}) do out[#out + 1] = x end
  end
end
return out
