-- Clears up: leases that ran out, delays that are over, what is remembered for too long. Anybody may run it, often.
--
-- ARGV[4]  most jobs to move    ARGV[5]  most crashes    ARGV[6]  most errors
-- ARGV[7]  ms that an ended job is remembered    ARGV[8]  most ended jobs remembered    ARGV[9]  lease in ms
-- ARGV[10] a slot whose renderer is dead: its leases end now; '' for none
-- returns  {'OK', jobs moved}
local limit = tonumber(ARGV[4])
local moved = 0

-- A crash while painting is the job's fault until proven otherwise. After the seal the painting was over, so it
-- counts as an error: such a job is looked at first and may be found posted.
local function crash(j)
  if j.state == 'L' and j.cancel and j.look ~= '1' then
    cancelled(j)
    return
  end
  if j.state == 'S' then
    local errors = call('HINCRBY', jobKey(j.id), 'errors', 1)
    retry(j, 0, errors >= tonumber(ARGV[6]), 'the renderer was lost ' .. num(errors) .. ' times while posting')
  else
    local crashes = countCrash(j)
    retry(j, 0, tonumber(crashes) >= tonumber(ARGV[5]), lostReason(crashes))
  end
end

if ARGV[10] ~= '' then
  for _, id in ipairs(call('ZRANGE', leaseKey, 0, -1)) do
    local j = job(id)
    if j.slot == ARGV[10] then
      crash(j)
      moved = moved + 1
    end
  end
end

for _, id in ipairs(call('ZRANGEBYSCORE', leaseKey, '-inf', num(now), 'LIMIT', 0, limit)) do
  crash(job(id))
  moved = moved + 1
end

for _, id in ipairs(call('ZRANGEBYSCORE', delayKey, '-inf', num(now), 'LIMIT', 0, limit)) do
  local j = job(id)
  local S, U = accounts(j)
  local crashes = 0
  -- Never leased in this epoch: it waited for the renderer that had it in the one before, and that one is lost.
  if j.fence == '0' and not j.cancel then crashes = countCrash(j) end
  if tonumber(crashes) >= tonumber(ARGV[5]) then
    count(S, U, tonumber(j.size), -1, 0)
    finish(j, 'failed', 'reason', lostReason(crashes))
  else
    call('ZREM', delayKey, id)
    enter(S, U, j)
  end
  put(S, U)
  moved = moved + 1
end

local function bury(ids)
  for _, id in ipairs(ids) do
    call('DEL', jobKey(id))
    call('ZREM', endedKey, id)
  end
end
bury(call('ZRANGEBYSCORE', endedKey, '-inf', num(now - ARGV[7]), 'LIMIT', 0, 100))
local spare = call('ZCARD', endedKey) - tonumber(ARGV[8])
if spare > 0 then bury(call('ZRANGE', endedKey, 0, math.min(spare, 100) - 1)) end

-- A memo serves a repeated call only, and no lease outlives twice its time.
local memos = call('HGETALL', memoKey)
for i = 1, #memos, 2 do
  local at = string.match(memos[i + 1], '^%S+ (%S+)')
  if tonumber(at) < now - 2 * ARGV[9] then call('HDEL', memoKey, memos[i]) end
end

-- Input pictures that no job named for ten minutes.
for _, sha in ipairs(call('ZRANGEBYSCORE', lentKey, '-inf', num(now - 600000), 'LIMIT', 0, 10)) do
  call('ZREM', lentKey, sha)
  if call('HEXISTS', refsKey, sha) == 0 then
    lineAdd('lent', -call('STRLEN', inputKey(sha)))
    call('DEL', inputKey(sha))
  end
end
lineWrite()
return {'OK', num(moved)}
