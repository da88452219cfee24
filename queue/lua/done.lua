-- Ends a job that was painted and delivered, and settles what it took.
--
-- ARGV[4]  job id    ARGV[5]  fence    ARGV[6]  actual ms    ARGV[7]  outcome as JSON
-- returns  {'OK'} also when repeated · {'CANCELLED'} the job has ended and must not be posted · {'STALE'}
--
-- A job that must be looked at may be done without a seal, even if cancelled: it was found posted.
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.state == 'E' and j.fence == fence then
  if j.kind == 'done' then return {'OK'} end
  if j.kind == 'cancelled' then return {'CANCELLED'} end
end
if not held(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancel and j.look ~= '1' then
  cancelled(j)
  return {'CANCELLED'}
end
quit(j, tonumber(ARGV[6]), 'done', 'outcome', ARGV[7])
return {'OK'}
