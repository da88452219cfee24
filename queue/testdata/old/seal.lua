-- The commit point before a post: after OK a cancel comes too late.
--
-- ARGV[4]  job id    ARGV[5]  fence    ARGV[6]  lease in ms, begun anew
-- returns  {'OK'} · {'CANCELLED'} the job has ended · {'STALE'}
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.state == 'E' and j.fence == fence and j.kind == 'cancelled' then return {'CANCELLED'} end
if not held(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancel then
  cancelled(j)
  return {'CANCELLED'}
end
call('ZADD', leaseKey, num(now + ARGV[6]), id)
if j.state == 'L' then
  call('HSET', jobKey(id), 'state', 'S')
  tell('sealed', id)
end
return {'OK'}
