-- Leases a job again to the renderer that had it in an earlier epoch.
--
-- ARGV[4]  job id    ARGV[5]  slot    ARGV[6]  epoch and  ARGV[7]  fence of the earlier lease    ARGV[8]  lease in ms
-- ARGV[9]  ms from the start of an epoch in which the job may still come    ARGV[10]  1 when the holder had sealed it
-- returns  {'OK', epoch, id, fence, attempt, flags, payload} also when repeated · {'STALE'}
--          {'CANCELLED'} it has ended
--          {'CANCELLED', epoch, id, ...} a sealed job: it is leased, and its message is to be checked
--          {'EPOCH'} ask again: the job may still come, or the epoch has lost it
--
-- A sealed job stays sealed: a cancel is too late for it, unless the cancel came before the seal. A cancel that came
-- before the job itself does not end a sealed job: its holder waits for the job, the lease and the news of the cancel.
local id, previous, sealed = ARGV[4], ARGV[6] .. ':' .. ARGV[7], ARGV[10] == '1'
if tonumber(ARGV[6]) >= tonumber(epoch) then return {ARGV[6] == epoch and 'STALE' or 'EPOCH'} end
local j = job(id)
if not j or j.cancelledearly and sealed then
  local began = tonumber(call('HGET', KEYS[1], 'began') or '0')
  if now < began + ARGV[9] then return {'EPOCH'} end
  if not j then return {'STALE'} end
end
if j.state == 'E' then return {j.kind == 'cancelled' and 'CANCELLED' or 'STALE'} end
local payload = payloadOf(id)
if not payload then return {'EPOCH'} end
if j.state == 'W' or j.state == 'D' then
  if j.fence ~= '0' then return {'STALE'} end -- another renderer had it in this epoch
  call('HSET', jobKey(id), 'previouslease', previous)
  j.fence, j.attempts = start(server(j.server), j, ARGV[5], tonumber(ARGV[8]))
  if sealed then
    call('HSET', jobKey(id), 'maybeposted', 1)
    j.maybeposted = '1'
  end
  if sealed and not j.cancelledby then
    call('HSET', jobKey(id), 'state', 'S')
    emit('sealed', id)
  end
elseif j.previouslease ~= previous or j.slot ~= ARGV[5] then
  return {'STALE'}
else
  call('ZADD', leaseKey, num(now + ARGV[8]), id)
end
local code = sealed and j.cancelledby and 'CANCELLED' or 'OK'
return {code, epoch, id, j.fence, j.attempts, flags(j), payload}
