-- Seals a job: the commit point before a post. After OK a cancel is too late.
--
-- ARGV[4]  job id    ARGV[5]  fence    ARGV[6]  lease in ms, counted from now
-- returns  {'OK'} · {'CANCELLED'} the job has ended · {'STALE'}
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.state == 'E' and j.fence == fence and j.kind == 'cancelled' then return {'CANCELLED'} end
if not leased(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancelledby then
  endCancelled(j)
  return {'CANCELLED'}
end
call('ZADD', leaseKey, num(now + ARGV[6]), id)
if j.state == 'L' then
  call('HSET', jobKey(id), 'state', 'S')
  emit('sealed', id)
end
return {'OK'}
