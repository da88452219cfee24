-- Ends a job that waits and that no renderer can take.
--
-- ARGV[4]  job id    ARGV[5]  reason
-- returns  {'OK'} it has ended · {'BUSY'} a renderer has it, or may reclaim it · {'UNKNOWN'} or ended before
local id = ARGV[4]
local j = job(id)
if not j or j.state == 'E' then return {'UNKNOWN'} end
local unclaimed = j.state == 'D' and j.fence == '0'
if leased(j, j.fence) or unclaimed then return {'BUSY'} end
local S, U = accounts(j)
call('ZREM', flowKey(j.lane, j.server, j.user), id)
count(S, U, tonumber(j.size), -1, 0)
if j.cancelledby then
  endJob(j, 'cancelled', 'reason', j.cancelledby)
else
  endJob(j, 'failed', 'reason', ARGV[5])
end
storeAccounts(S, U)
return {'OK'}
