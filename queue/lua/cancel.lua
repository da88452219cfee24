-- Cancels a job for a person, or takes out one that has ended elsewhere.
--
-- ARGV[4]  job id    ARGV[5]  who cancelled it    ARGV[6]  1 if it has ended elsewhere
-- returns  the same when repeated:
--          {'REMOVED'} the job has left the queue
--          {'STOPPING'} its renderer will stop, or a renderer checks its message before the job ends
--          {'POSTING'} too late · {'UNKNOWN'}
--          {'UNCLAIMED'} ask again: its renderer of an earlier epoch may be posting it and has not reclaimed it yet. A job
--          that has ended elsewhere is marked instead: whoever gets it next checks its message and renders nothing
--
-- An unknown job may be on its way into the queue: a tombstone is left, and enqueue finds it.
local id = ARGV[4]
local j = job(id)
if not j then
  call('HSET', jobKey(id), 'state', 'E', 'kind', 'cancelled', 'fence', 0, 'reason', ARGV[5], 'cancelledearly', 1)
  call('ZADD', endedKey, num(now), id)
  return {'UNKNOWN'}
end
if j.state == 'E' then return {j.kind == 'cancelled' and not j.cancelledearly and 'REMOVED' or 'UNKNOWN'} end
if j.state == 'S' then return {'POSTING'} end
local unclaimed = j.state == 'D' and j.fence == '0' -- see enqueue.lua and reclaim.lua
if unclaimed and ARGV[6] ~= '1' then return {'UNCLAIMED'} end
if unclaimed or j.state == 'L' or j.maybeposted == '1' then
  call('HSET', jobKey(id), 'cancelledby', ARGV[5])
  emit('cancel', id, 'reason', ARGV[5])
  return {'STOPPING'}
end
local S, U = accounts(j)
call('ZREM', flowKey(j.lane, j.server, j.user), id)
count(S, U, tonumber(j.size), -1, 0)
endJob(j, 'cancelled', 'reason', ARGV[5])
storeAccounts(S, U)
return {'REMOVED'}
