-- Leases a job again to the renderer that held it in an earlier epoch.
--
-- ARGV[4]  job id    ARGV[5]  slot    ARGV[6]  epoch and  ARGV[7]  fence of the lease it had    ARGV[8]  lease in ms
-- ARGV[9]  ms from the start of an epoch in which jobs may still come    ARGV[10]  1 when the holder had sealed it
-- returns  {'OK', epoch, id, fence, attempt, look, payload} also when repeated · {'STALE'}
--          {'CANCELLED'} it has ended · {'CANCELLED', epoch, id, ...} a sealed one: leased, to be looked at
--          {'EPOCH'} ask again: the job may still come
--
-- What was sealed stays sealed: a cancel comes too late for it, unless it came before. A cancel that came before the job
-- itself ends nothing that is sealed: its holder waits for the job, for its lease and for the news of the cancel.
local id, was, sealed = ARGV[4], ARGV[6] .. ':' .. ARGV[7], ARGV[10] == '1'
if tonumber(ARGV[6]) >= tonumber(epoch) then return {ARGV[6] == epoch and 'STALE' or 'EPOCH'} end
local j = job(id)
if not j or j.early and sealed then
  local began = tonumber(call('HGET', KEYS[1], 'began') or '0')
  if now < began + ARGV[9] then return {'EPOCH'} end
  if not j then return {'STALE'} end
end
if j.state == 'E' then return {j.kind == 'cancelled' and 'CANCELLED' or 'STALE'} end
if j.state == 'W' or j.state == 'D' then
  if j.fence ~= '0' then return {'STALE'} end -- another renderer had it in this epoch
  call('HSET', jobKey(id), 'was', was)
  j.fence, j.attempts = start(server(j.server), j, ARGV[5], tonumber(ARGV[8]))
  if sealed then
    call('HSET', jobKey(id), 'look', 1)
    j.look = '1'
  end
  if sealed and not j.cancel then
    call('HSET', jobKey(id), 'state', 'S')
    tell('sealed', id)
  end
elseif j.was ~= was or j.slot ~= ARGV[5] then
  return {'STALE'}
else
  call('ZADD', leaseKey, num(now + ARGV[8]), id)
end
return {sealed and j.cancel and 'CANCELLED' or 'OK', epoch, id, j.fence, j.attempts, regard(j), call('GET', payloadKey(id))}
