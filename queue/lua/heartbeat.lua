-- Extends the leases of a slot and stores the progress of each job.
--
-- ARGV[4]  slot    ARGV[5]  lease in ms    ARGV[6...]  job id, fence, percent, and so on
-- returns  one verdict for each: OK, CANCELLED or STALE
local out = {}
for i = 6, #ARGV, 3 do
  local id, fence, percent = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local j = job(id)
  local verdict = 'STALE'
  if leased(j, fence) then
    verdict = j.cancelledby and 'CANCELLED' or 'OK'
    call('ZADD', leaseKey, num(now + ARGV[5]), id)
    if j.percent ~= percent then
      call('HSET', jobKey(id), 'percent', percent)
      emit('progress', id, 'percent', percent)
    end
  elseif j and j.state == 'E' and j.fence == fence then
    verdict = j.kind == 'cancelled' and 'CANCELLED' or 'OK' -- the holder's own end: the heartbeat came late
  end
  out[#out + 1] = verdict
end
return out
