-- Gives a job back unpainted: to the same place, and the attempt does not count.
--
-- ARGV[4]  job id    ARGV[5]  fence
-- ARGV[6]  1 when the holder stopped because of a cancel, and saw that nothing is posted
-- returns  {'OK'} also when repeated · {'CANCELLED'} the job has ended · {'STALE'}
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.fence == fence then
  if j.state == 'W' then return {'OK'} end
  if j.state == 'E' and j.kind == 'cancelled' then return {'CANCELLED'} end
end
if not held(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancel and (j.look ~= '1' or ARGV[6] == '1') then
  cancelled(j)
  return {'CANCELLED'}
end
call('HINCRBY', jobKey(id), 'attempts', -1)
retry(j, 0, false)
return {'OK'}
