-- What a script of the line builds on after line.lua: jobs, and the moves between their states: W waiting, D delayed,
-- L leased, S sealed, E ended.
local function job(id)
  local r = call('HGETALL', jobKey(id))
  if #r == 0 then return nil end
  local j = {id = id}
  for i = 1, #r, 2 do j[r[i]] = r[i + 1] end
  return j
end

local function accounts(j)
  local S = server(j.server)
  return S, user(j.server, j.user)
end

local function held(j, fence) return j and j.fence == fence and (j.state == 'L' or j.state == 'S') end

-- regard says that a job is to be looked at (1) and that it was cancelled (2), added up.
local function regard(j) return num(j.look + (j.cancel and 2 or 0)) end

-- enter puts a job that is counted as waiting into its place in line.
local function enter(S, U, j)
  if j.state ~= 'W' then call('HSET', jobKey(j.id), 'state', 'W') end
  call('ZADD', flowKey(j.lane, j.server, j.user), j.seq, j.id)
  U.lanes[j.lane] = true
  tell('queued', j.id)
end

-- start leases a job of a server that is in line, or waits out a delay, to a slot. leastS and leastU are charge's. It
-- returns fence and attempt.
local function start(S, j, slot, lease, leastS, leastU)
  local U = user(j.server, j.user)
  call('ZREM', flowKey(j.lane, j.server, j.user), j.id)
  if j.state == 'D' then call('ZREM', delayKey, j.id) end
  count(S, U, tonumber(j.size), -1, 1)
  charge(S, U, j, leastS, leastU)
  local fence, attempt = num(lineAdd('fence', 1)), num(j.attempts + 1)
  call('HSET', jobKey(j.id), 'state', 'L', 'fence', fence, 'attempts', attempt, 'slot', slot, 'since', num(now), 'percent', 0)
  call('ZADD', leaseKey, num(now + lease), j.id)
  put(S, U)
  tell('leased', j.id)
  return fence, attempt
end

-- back returns a held job to the line, now or after a delay; a sealed one may have been posted, so it is looked at.
local function back(S, U, j, delay)
  settle(S, U, j, 0)
  count(S, U, tonumber(j.size), 1, -1)
  call('ZREM', leaseKey, j.id)
  call('HSET', jobKey(j.id), 'percent', 0)
  if j.state == 'S' then call('HSET', jobKey(j.id), 'look', 1) end
  if delay > 0 then
    call('HSET', jobKey(j.id), 'state', 'D')
    call('ZADD', delayKey, num(now + delay), j.id)
  else
    enter(S, U, j)
  end
end

-- An input picture that no job needs any more stays lent for a while: the next job may be about to name it.
local function releaseInputs(j)
  for sha in string.gmatch(j.inputs, '[^,]+') do
    if call('HINCRBY', refsKey, sha, -1) <= 0 then
      call('HDEL', refsKey, sha)
      call('ZADD', lentKey, num(now), sha)
    end
  end
end

-- finish ends a job: what is left is a small stone with its id, so that a late or repeated call finds the same answer.
-- The event's own fields follow (reason, outcome).
local function finish(j, kind, ...)
  releaseInputs(j)
  call('DEL', payloadKey(j.id), jobKey(j.id))
  call('ZREM', j.state == 'D' and delayKey or leaseKey, j.id)
  call('HSET', jobKey(j.id), 'state', 'E', 'kind', kind, 'fence', j.fence, ...)
  call('ZREM', jobsKey, j.id)
  call('ZADD', endedKey, num(now), j.id)
  tell(kind, j.id, ...)
end

-- quit ends a held job: by kind, at the price of actual milliseconds.
local function quit(j, actual, kind, ...)
  local S, U = accounts(j)
  settle(S, U, j, actual)
  count(S, U, tonumber(j.size), 0, -1)
  finish(j, kind, ...)
  put(S, U)
end

-- cancelled ends a held job that a person cancelled. It pays for the time it took.
local function cancelled(j)
  quit(j, math.max(0, now - tonumber(j.since)), 'cancelled', 'reason', j.cancel)
end

-- retry gives a held job back, or ends it once it failed too often. Whatever comes, a cancelled job ends cancelled.
-- returns 'RETRY', 'FINAL' or 'CANCELLED'
local function retry(j, delay, final, reason)
  if final and j.cancel then
    cancelled(j)
    return 'CANCELLED'
  end
  if final then
    quit(j, 0, 'failed', 'reason', reason)
    return 'FINAL'
  end
  local S, U = accounts(j)
  back(S, U, j, delay)
  put(S, U)
  return 'RETRY'
end

local function lostReason(crashes) return 'the renderer was lost ' .. crashes .. ' times while painting' end

-- countCrash counts a renderer that was lost with the job, and tells the new count, so that it outlives this epoch.
local function countCrash(j)
  local crashes = num(call('HINCRBY', jobKey(j.id), 'crashes', 1))
  tell('crashed', j.id, 'crashes', crashes)
  return crashes
end
