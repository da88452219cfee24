-- Returns a leased job to the queue: to the same position, at once or after a delay. The attempt does not count.
--
-- ARGV[4]  job id    ARGV[5]  fence
-- ARGV[6]  1 when the holder stopped because of a cancel and knows that nothing is posted
-- ARGV[7]  first delay in ms, doubled each time; '' for none    ARGV[8]  longest delay in ms
-- returns  {'OK'} also when repeated · {'CANCELLED'} the job has ended · {'STALE'}
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.fence == fence then
  if j.state == 'W' or j.state == 'D' and ARGV[7] ~= '' then return {'OK'} end
  if j.state == 'E' and j.kind == 'cancelled' then return {'CANCELLED'} end
end
if not leased(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancelledby and (j.maybeposted ~= '1' or ARGV[6] == '1') then
  endCancelled(j)
  return {'CANCELLED'}
end
call('HINCRBY', jobKey(id), 'attempts', -1)
local delay = 0
if ARGV[7] ~= '' then
  local times = call('HINCRBY', jobKey(id), 'postponed', 1)
  delay = math.min(ARGV[7] * 2 ^ (times - 1), tonumber(ARGV[8]))
end
retry(j, delay, false)
return {'OK'}
