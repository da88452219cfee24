-- Lends the next jobs to a slot: of the server that is owed most the user who is owed most, and of that user the oldest
-- job. Further jobs of the same call come from the same lane and batch, so that they can be painted together.
--
-- ARGV[4]  slot    ARGV[5]  nonce of this call, the same when it is repeated    ARGV[6]  lease in ms
-- ARGV[7]  most jobs    ARGV[8...]  lane, its bias in ms, and so on: the preferred first (it wins a tie)
-- returns  {'OK', epoch, id, fence, attempt, look, payload, ...}; nothing after the epoch when no job can be had. look
--          is 2 more for a job that was cancelled: it is lent to be looked at, not to be painted
--          {'EPOCH'} also when the server does not run any more as it did when the epoch began: it may have forgotten who
--          has what and what is done, so nothing is lent until the line is begun anew
--
-- A lane stands back by its bias, until it was passed over for three minutes while a job was ready in it.
if serverRun() ~= (beganOn or '') then return {'EPOCH'} end

local out = {'OK', epoch}
local patience = 180000 -- milliseconds
local heads = 16        -- looked at for one further job

local function lend(j, fence, attempt)
  for _, x in ipairs({j.id, fence, attempt, regard(j), call('GET', payloadKey(j.id))}) do out[#out + 1] = x end
end

local memo = call('HGET', memoKey, ARGV[4])
local nonce, given = string.match(memo or '', '^(%S+) %S+ (%S+)$')
if nonce == ARGV[5] then
  for id, fence in string.gmatch(given, '([^,:]+):(%d+)') do
    local j = job(id)
    if held(j, fence) then
      call('ZADD', leaseKey, num(now + ARGV[6]), id)
      lend(j, fence, j.attempts)
    end
  end
  return out
end
if paused('pool') then return out end

-- first returns the first member of an index and its v.
local function first(key)
  local r = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return r[1], tonumber(r[2])
end

-- passedOver reads since when lanes are passed over, if any lane of the offer has a bias at all.
local function passedOver()
  local since = {}
  for i = 9, #ARGV, 2 do
    if ARGV[i] ~= '0' then
      local all = call('HGETALL', passedKey)
      for k = 1, #all, 2 do since[all[k]] = tonumber(all[k + 1]) end
      break
    end
  end
  return since
end

-- head returns what is next of a server in a lane: its user, that user's v, the job and its seq. No user: nothing.
local function head(lane, s)
  local u, v = first(readyKey(lane, s))
  if not u then return nil end
  local id, seq = first(flowKey(lane, s, u))
  return {lane = lane, user = u, v = v, id = id, seq = seq}
end

-- headOf returns the next job of a server: of the user who is owed most, and of users who are owed the same the oldest.
-- In all its lanes an account has the same v, so without this the preferred lane would starve whoever waits in the
-- others.
local function headOf(S, bias)
  local best
  for i = 8, #ARGV, 2 do
    local lane = ARGV[i]
    local h = bias[lane] and S.lanes[lane] and head(lane, S.name)
    if h then
      h.at = h.v + bias[lane]
      if not best or h.at < best.at or (h.at == best.at and h.seq < best.seq) then best = h end
    end
  end
  return best
end

-- passOver notes which lanes were passed over.
local function passOver(taken, bias, since)
  for i = 8, #ARGV, 2 do
    local lane = ARGV[i]
    local passed = bias[lane] and lane ~= taken and ARGV[i + 1] ~= '0'
    if passed and not since[lane] then call('HSET', passedKey, lane, num(now)) end
    if not passed and since[lane] then call('HDEL', passedKey, lane) end
  end
end

-- choose returns the server that is owed most, its next job and the least v of all that could be served.
local function choose()
  local since, bias = passedOver(), {} -- bias only of lanes in which a job is ready
  local best, at, least
  for i = 8, #ARGV, 2 do
    local lane = ARGV[i]
    local s, v = first(laneKey(lane))
    if s and not paused('lane:' .. lane) then
      bias[lane] = (since[lane] and now - since[lane] > patience) and 0 or tonumber(ARGV[i + 1])
      if not best or v + bias[lane] < at then best, at = s, v + bias[lane] end
      least = math.min(v, least or v)
    end
  end
  local S = best and server(best)
  local h = S and headOf(S, bias)
  passOver(h and h.lane, bias, since)
  return S, h, least
end

local function lease(S, h, leastS, leastU)
  local j = job(h.id)
  local fence, attempt = start(S, j, ARGV[4], tonumber(ARGV[6]), leastS, leastU)
  lend(j, fence, attempt)
  return j, j.id .. ':' .. fence
end

-- mate finds the next job of a batch in a lane among the oldest of each account: few are looked at, in the order of what
-- they are owed.
local function mate(lane, batch)
  local left = heads
  for _, s in ipairs(call('ZRANGE', laneKey(lane), 0, heads - 1)) do
    for _, u in ipairs(call('ZRANGE', readyKey(lane, s), 0, left - 1)) do
      local id = call('ZRANGE', flowKey(lane, s, u), 0, 0)[1]
      if call('HGET', jobKey(id), 'batch') == batch then return s, {id = id} end
      left = left - 1
      if left == 0 then return nil end
    end
  end
end

local S, h, least = choose()
if not h then return out end
local j, taken = lease(S, h, least, h.v)
local all = {taken}
while #all < tonumber(ARGV[7]) and j.batch ~= '' do
  local s, next = mate(h.lane, j.batch)
  if not s then break end
  local _, leastU = first(readyKey(h.lane, s))
  _, taken = lease(server(s), next, least, leastU)
  all[#all + 1] = taken
end
call('HSET', memoKey, ARGV[4], ARGV[5] .. ' ' .. num(now) .. ' ' .. table.concat(all, ','))
return out
