-- Reports that a job failed: it waits for a delay and returns to its position, or it ends.
--
-- ARGV[4]  job id    ARGV[5]  fence    ARGV[6]  reason    ARGV[7]  1 if another try may help
-- ARGV[8]  limit of errors    ARGV[9]  first delay in ms, doubled by each error    ARGV[10]  longest delay in ms
-- ARGV[11] limit of crashes, when the job crashes its renderer; '' when it does not
-- returns  {'RETRY'} · {'FINAL'} · {'CANCELLED'} · {'STALE'}; the same when repeated
local id, fence = ARGV[4], ARGV[5]
local j = job(id)
if j and j.fence == fence then
  if j.state == 'W' or j.state == 'D' then return {'RETRY'} end
  if j.state == 'E' and j.kind == 'failed' then return {'FINAL'} end
  if j.state == 'E' and j.kind == 'cancelled' then return {'CANCELLED'} end
end
if not leased(j, fence) then return {'STALE'} end
if j.state == 'L' and j.cancelledby and j.maybeposted ~= '1' then
  endCancelled(j)
  return {'CANCELLED'}
end
if ARGV[11] ~= '' and j.state == 'L' then
  local crashes = countCrash(j)
  return {retry(j, 0, tonumber(crashes) >= tonumber(ARGV[11]), ARGV[6])}
end
local errors = call('HINCRBY', jobKey(id), 'errors', 1)
local delay = math.min(ARGV[9] * 2 ^ (errors - 1), tonumber(ARGV[10]))
return {retry(j, delay, ARGV[7] ~= '1' or errors >= tonumber(ARGV[8]), ARGV[6])}
