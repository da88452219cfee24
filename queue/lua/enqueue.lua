-- Adds a job to the queue, once however often it is called.
--
-- ARGV[4]  job id            ARGV[5]  lane         ARGV[6]  server      ARGV[7]  user
-- ARGV[8]  cost in ms        ARGV[9]  size (images)                    ARGV[10] limit of running images, 0 for no limit
-- ARGV[11] 1 if it may have been posted, else 0                         ARGV[12] inputs, a comma list of SHA-256
-- ARGV[13] payload (the job as JSON)                                    ARGV[14] limit of waiting jobs, 0 for no limit
-- ARGV[15] batch key         ARGV[16] and ARGV[17] weights of server and user in percent
-- ARGV[18] ms from the start of the epoch in which its renderer may reclaim it, '' if no renderer had it
-- ARGV[19] renderers that crashed with it in earlier epochs    ARGV[20] limit of crashes
-- ARGV[21] what it needs beside the model, a comma list of SHA-256
-- returns  {'OK', waiting}
--          {'DUP', waiting} the job is known; if it has ended, its last event is repeated
--          {'CANCELLED', waiting} the same for a job that a cancel ended
--          {'FULL'} nothing was done
--
-- A job that reached the limit of crashes ends at once. One that its renderer may reclaim has one crash more once the time
-- for that is over; see reap.lua. If a cancel came before the job, the job stays out of the queue. If it may have been posted, it is added all the
-- same, marked as cancelled, so that a renderer checks its message.
local id = ARGV[4]
local known = job(id)
local early = known and known.cancelledearly and ARGV[11] == '1'
if known and known.state == 'E' and not early then
  emit(known.kind, id, 'reason', known.reason or '', 'outcome', known.outcome or '')
  call('HDEL', jobKey(id), 'cancelledearly')
  return {known.kind == 'cancelled' and 'CANCELLED' or 'DUP', num(counterGet('waiting'))}
end
if known and not early then return {'DUP', num(counterGet('waiting'))} end
local limit = tonumber(ARGV[14])
if limit > 0 and counterGet('waiting') >= limit then return {'FULL'} end
local began = ARGV[18] ~= '' and tonumber(call('HGET', KEYS[1], 'began') or '0')
local reclaimable = began and now < began + ARGV[18]
local crashes = tonumber(ARGV[19])
if began and not reclaimable and not early then
  crashes = crashes + 1
  emit('crashed', id, 'crashes', num(crashes))
end
if crashes >= tonumber(ARGV[20]) and not reclaimable and not early then
  local reason = crashReason(num(crashes))
  call('HSET', jobKey(id), 'state', 'E', 'kind', 'failed', 'fence', 0, 'reason', reason)
  call('ZADD', endedKey, num(now), id)
  emit('failed', id, 'reason', reason)
  return {'DUP', num(counterGet('waiting'))}
end
if early then
  call('DEL', jobKey(id))
  call('ZREM', endedKey, id)
end

local j = {id = id, state = 'W', lane = ARGV[5], server = ARGV[6], user = ARGV[7], seq = num(counterAdd('seq', 1))}
call('HSET', jobKey(id), 'state', 'W', 'lane', j.lane, 'server', j.server, 'user', j.user, 'cost', ARGV[8],
  'size', ARGV[9], 'maybeposted', ARGV[11], 'inputs', ARGV[12], 'batch', ARGV[15], 'serverweight', ARGV[16],
  'weight', ARGV[17], 'seq', j.seq, 'fence', 0, 'attempts', 0, 'errors', 0, 'crashes', num(crashes),
  'percent', 0)
call('ZADD', jobsKey, j.seq, id)
call('SET', payloadKey(id), ARGV[13])
if early then call('HSET', jobKey(id), 'cancelledby', known.reason) end
for sha in string.gmatch(ARGV[12], '[^,]+') do call('HINCRBY', refsKey, sha, 1) end
addNeeds(j.lane, ARGV[21])

local S, U = accounts(j)
joinAtVirtualTime(S, U)
-- The limit of the user's newest job counts, so a moderator's change holds from the next request on.
U.maxRunning = tonumber(ARGV[10])
count(S, U, tonumber(ARGV[9]), 1, 0)
if reclaimable then
  call('HSET', jobKey(id), 'state', 'D')
  call('ZADD', delayKey, num(began + ARGV[18]), id)
else
  insert(S, U, j)
end
storeAccounts(S, U)
return {'OK', num(counterGet('waiting'))}
