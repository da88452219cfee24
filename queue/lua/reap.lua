-- Cleans up: expired leases, delays that are over, records that are too old. Any process may run it, often.
--
-- ARGV[4]  limit of jobs to move    ARGV[5]  limit of crashes    ARGV[6]  limit of errors
-- ARGV[7]  ms that a tombstone is kept    ARGV[8]  limit of tombstones    ARGV[9]  lease in ms
-- ARGV[10] a slot whose renderer is dead: its leases end now; '' for none
-- ARGV[11] 1 if the jobs of that slot are not to blame: nothing counts against them
-- returns  {'OK', jobs moved}
local limit = tonumber(ARGV[4])
local moved = 0

-- giveBack returns the job of a renderer that died of something else, as release.lua does.
local function giveBack(j)
  if j.state == 'L' and j.cancelledby and j.maybeposted ~= '1' then
    endCancelled(j)
    return
  end
  call('HINCRBY', jobKey(j.id), 'attempts', -1)
  retry(j, 0, false)
end

-- A crash before the seal counts against the job. After the seal rendering was over, so it counts as an error: the next
-- renderer checks the message first and may find the job posted.
local function crash(j)
  if j.state == 'L' and j.cancelledby and j.maybeposted ~= '1' then
    endCancelled(j)
    return
  end
  if j.state == 'S' then
    local errors = call('HINCRBY', jobKey(j.id), 'errors', 1)
    retry(j, 0, errors >= tonumber(ARGV[6]), 'the renderer crashed ' .. num(errors) .. ' times while posting')
  else
    local crashes = countCrash(j)
    retry(j, 0, tonumber(crashes) >= tonumber(ARGV[5]), crashReason(crashes))
  end
end

-- jobIn returns a job of a set of leases or delays. One that is lost leaves the set, so that the others are served.
local function jobIn(set, id)
  local j = job(id)
  if not j then
    damage('job:' .. id)
    call('ZREM', set, id)
  end
  return j
end

if ARGV[10] ~= '' then
  local endLease = ARGV[11] == '1' and giveBack or crash
  for _, id in ipairs(call('ZRANGE', leaseKey, 0, -1)) do
    local j = jobIn(leaseKey, id)
    if j and j.slot == ARGV[10] then
      endLease(j)
      moved = moved + 1
    end
  end
end

for _, id in ipairs(call('ZRANGEBYSCORE', leaseKey, '-inf', num(now), 'LIMIT', 0, limit)) do
  local j = jobIn(leaseKey, id)
  if j then
    crash(j)
    moved = moved + 1
  end
end

-- endDelay returns a delayed job to the queue. One that was never leased in this epoch waited for the renderer that had
-- it in the one before: that one is lost.
local function endDelay(j)
  local S, U = accounts(j)
  local crashes = 0
  if j.fence == '0' and not j.cancelledby then crashes = countCrash(j) end
  if tonumber(crashes) >= tonumber(ARGV[5]) then
    count(S, U, tonumber(j.size), -1, 0)
    endJob(j, 'failed', 'reason', crashReason(crashes))
  else
    call('ZREM', delayKey, j.id)
    insert(S, U, j)
  end
  storeAccounts(S, U)
end

for _, id in ipairs(call('ZRANGEBYSCORE', delayKey, '-inf', num(now), 'LIMIT', 0, limit)) do
  local j = jobIn(delayKey, id)
  if j then
    endDelay(j)
    moved = moved + 1
  end
end

local function forget(ids)
  for _, id in ipairs(ids) do
    call('DEL', jobKey(id))
    call('ZREM', endedKey, id)
  end
end
forget(call('ZRANGEBYSCORE', endedKey, '-inf', num(now - ARGV[7]), 'LIMIT', 0, 100))
local surplus = call('ZCARD', endedKey) - tonumber(ARGV[8])
if surplus > 0 then forget(call('ZRANGE', endedKey, 0, math.min(surplus, 100) - 1)) end

-- The record of a reserve serves a repeated call only, and no lease lives for twice its time.
local reserves = call('HGETALL', reservesKey)
for i = 1, #reserves, 2 do
  local at = string.match(reserves[i + 1], '^%S+ (%S+)')
  if tonumber(at) < now - 2 * ARGV[9] then call('HDEL', reservesKey, reserves[i]) end
end

-- Input images that no job named for ten minutes.
for _, sha in ipairs(call('ZRANGEBYSCORE', inputsKey, '-inf', num(now - 600000), 'LIMIT', 0, 10)) do
  call('ZREM', inputsKey, sha)
  if call('HEXISTS', refsKey, sha) == 0 then
    counterAdd('inputbytes', -call('STRLEN', inputKey(sha)))
    call('DEL', inputKey(sha))
  end
end

-- Sets of add-ons that no renderer named for ten minutes. One that is still in use is sent again.
for _, digest in ipairs(call('ZRANGEBYSCORE', addonSetsKey, '-inf', num(now - 600000), 'LIMIT', 0, 10)) do
  call('ZREM', addonSetsKey, digest)
  call('DEL', addonSetKey(digest), ableKey(digest))
end
counterWrite()
return {'OK', num(moved)}
