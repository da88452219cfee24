-- Ends a job that was rendered and delivered, and charges the time it took.
--
-- ARGV[4]  job id    ARGV[5]  fence    ARGV[6]  actual ms    ARGV[7]  outcome as JSON
-- returns  {'OK'} also when repeated · {'CANCELLED'} the job has ended and must not be posted · {'STALE'}
--
-- A job that may have been posted needs no seal, even if it is cancelled: its message was checked and shows the result.
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.state == 'E' and j.fence == fence then
  if j.kind == 'done' then return {'OK'} end
  if j.kind == 'cancelled' then return {'CANCELLED'} end
end
if not leased(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancelledby and j.maybeposted ~= '1' then
  endCancelled(j)
  return {'CANCELLED'}
end
endLeased(j, tonumber(ARGV[6]), 'done', 'outcome', ARGV[7])
return {'OK'}
