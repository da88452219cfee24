-- Scripts of the queue use this file after prelude.lua: jobs, and their moves between the states W waiting, D delayed,
-- L leased, S sealed, E ended.
local function job(id)
  local r = call('HGETALL', jobKey(id))
  if #r == 0 then return nil end
  local j = {id = id}
  for i = 1, #r, 2 do j[r[i]] = r[i + 1] end
  return j
end

-- payloadOf returns the payload of a job that has not ended.
local function payloadOf(id)
  local payload = call('GET', payloadKey(id))
  if not payload then damage('payload:' .. id) end
  return payload
end

-- intactJob returns a job that has not ended, and its payload, or nil if one of them is lost.
local function intactJob(id)
  local j = job(id)
  if not j then damage('job:' .. id) end
  local payload = j and payloadOf(id)
  if payload then return j, payload end
end

local function accounts(j)
  local S = server(j.server)
  return S, user(j.server, j.user)
end

local function leased(j, fence) return j and j.fence == fence and (j.state == 'L' or j.state == 'S') end

-- flags is the sum of 1, if the job may have been posted, and 2, if it was cancelled.
local function flags(j) return num(j.maybeposted + (j.cancelledby and 2 or 0)) end

-- insert puts a job that is counted as waiting into its position in the queue.
local function insert(S, U, j)
  if j.state ~= 'W' then call('HSET', jobKey(j.id), 'state', 'W') end
  call('ZADD', flowKey(j.lane, j.server, j.user), j.seq, j.id)
  U.lanes[j.lane] = true
  emit('queued', j.id)
end

-- start leases a waiting or delayed job of a server to a slot. leastS and leastU are those of charge. It returns the
-- fence and the attempt.
local function start(S, j, slot, lease, leastS, leastU)
  local U = user(j.server, j.user)
  call('ZREM', flowKey(j.lane, j.server, j.user), j.id)
  if j.state == 'D' then call('ZREM', delayKey, j.id) end
  count(S, U, tonumber(j.size), -1, 1)
  charge(S, U, j, leastS, leastU)
  local fence, attempt = num(counterAdd('fence', 1)), num(j.attempts + 1)
  call('HSET', jobKey(j.id), 'state', 'L', 'fence', fence, 'attempts', attempt, 'slot', slot, 'since', num(now),
    'percent', 0)
  call('ZADD', leaseKey, num(now + lease), j.id)
  storeAccounts(S, U)
  emit('leased', j.id)
  return fence, attempt
end

-- requeue returns a leased job to the queue, at once or after a delay. A sealed job is marked: it may have been
-- posted.
local function requeue(S, U, j, delay)
  settleCharge(S, U, j, 0)
  count(S, U, tonumber(j.size), 1, -1)
  call('ZREM', leaseKey, j.id)
  call('HSET', jobKey(j.id), 'percent', 0)
  if j.state == 'S' then call('HSET', jobKey(j.id), 'maybeposted', 1) end
  if delay > 0 then
    call('HSET', jobKey(j.id), 'state', 'D')
    call('ZADD', delayKey, num(now + delay), j.id)
  else
    insert(S, U, j)
  end
end

-- releaseInputs counts a job's input images down. An image that no job needs stays for a while: the next job may name
-- it.
local function releaseInputs(j)
  for sha in string.gmatch(j.inputs, '[^,]+') do
    if call('HINCRBY', refsKey, sha, -1) <= 0 then
      call('HDEL', refsKey, sha)
      call('ZADD', inputsKey, num(now), sha)
    end
  end
end

-- needsOf returns how many jobs a lane has, and the comma list of the hashes that they need; nil for none.
local function needsOf(lane)
  local n, hashes = string.match(call('HGET', needsKey, lane) or '', '^(%d+) (.*)$')
  return tonumber(n), hashes
end

-- addNeeds notes that one more job of a lane needs these hashes.
local function addNeeds(lane, hashes)
  if hashes ~= '' then call('HSET', needsKey, lane, num((needsOf(lane) or 0) + 1) .. ' ' .. hashes) end
end

-- dropNeeds notes that a job of a lane has ended. What nobody needs any more is forgotten.
local function dropNeeds(lane)
  if baseOf(lane) == lane then return end
  local n, hashes = needsOf(lane)
  if not n then
    damage('needs')
  elseif n > 1 then
    call('HSET', needsKey, lane, num(n - 1) .. ' ' .. hashes)
  else
    call('HDEL', needsKey, lane)
    call('HDEL', passedOverKey, lane)
  end
end

-- endJob ends a job. A tombstone stays, so that a late or repeated call gets the same answer. The fields of the event
-- follow (reason, outcome).
local function endJob(j, kind, ...)
  releaseInputs(j)
  dropNeeds(j.lane)
  call('DEL', payloadKey(j.id), jobKey(j.id))
  call('ZREM', j.state == 'D' and delayKey or leaseKey, j.id)
  call('HSET', jobKey(j.id), 'state', 'E', 'kind', kind, 'fence', j.fence, ...)
  call('ZREM', jobsKey, j.id)
  call('ZADD', endedKey, num(now), j.id)
  emit(kind, j.id, ...)
end

-- endLeased ends a leased job by an event kind. Its accounts pay for actual milliseconds.
local function endLeased(j, actual, kind, ...)
  local S, U = accounts(j)
  settleCharge(S, U, j, actual)
  count(S, U, tonumber(j.size), 0, -1)
  endJob(j, kind, ...)
  storeAccounts(S, U)
end

-- endCancelled ends a leased job that a person cancelled. Its accounts pay for the time it took.
local function endCancelled(j)
  endLeased(j, math.max(0, now - tonumber(j.since)), 'cancelled', 'reason', j.cancelledby)
end

-- retry requeues a leased job, or ends it when it has failed too often (final). A cancelled job always ends as
-- cancelled.
-- returns 'RETRY', 'FINAL' or 'CANCELLED'
local function retry(j, delay, final, reason)
  if final and j.cancelledby then
    endCancelled(j)
    return 'CANCELLED'
  end
  if final then
    endLeased(j, 0, 'failed', 'reason', reason)
    return 'FINAL'
  end
  local S, U = accounts(j)
  requeue(S, U, j, delay)
  storeAccounts(S, U)
  return 'RETRY'
end

local function crashReason(crashes) return 'the renderer crashed ' .. crashes .. ' times while generating' end

-- countCrash counts a renderer that crashed with the job, and emits the new count, so that it outlives this epoch.
local function countCrash(j)
  local crashes = num(call('HINCRBY', jobKey(j.id), 'crashes', 1))
  emit('crashed', j.id, 'crashes', crashes)
  return crashes
end
