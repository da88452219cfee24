-- A person wants a job no more.
--
-- ARGV[4]  job id    ARGV[5]  who cancelled it
-- returns  {'REMOVED'} it is gone · {'STOPPING'} its holder will stop, or it will be looked at before it is dropped
--          {'POSTING'} too late · {'UNKNOWN'}; the same when repeated
--          {'HELD'} ask again: who had it in an earlier epoch may be posting it, and has not been heard of in this one
--
-- What is unknown may be on its way into the line: it leaves a stone that an enqueue finds.
local id = ARGV[4]
local j = job(id)
if not j then
  call('HSET', jobKey(id), 'state', 'E', 'kind', 'cancelled', 'fence', 0, 'reason', ARGV[5], 'early', 1)
  call('ZADD', endedKey, num(now), id)
  return {'UNKNOWN'}
end
if j.state == 'E' then return {j.kind == 'cancelled' and not j.early and 'REMOVED' or 'UNKNOWN'} end
if j.state == 'S' then return {'POSTING'} end
if j.state == 'D' and j.fence == '0' then return {'HELD'} end -- see enqueue.lua and adopt.lua
if j.state == 'L' or j.look == '1' then
  call('HSET', jobKey(id), 'cancel', ARGV[5])
  tell('cancel', id, 'reason', ARGV[5])
  return {'STOPPING'}
end
local S, U = accounts(j)
call('ZREM', flowKey(j.lane, j.server, j.user), id)
count(S, U, tonumber(j.size), -1, 0)
finish(j, 'cancelled', 'reason', ARGV[5])
put(S, U)
return {'REMOVED'}
