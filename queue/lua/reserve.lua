-- Leases the next jobs to a slot: of the server with the lowest start tag the user with the lowest start tag, and of
-- that user the oldest job. Further jobs of the same call have the same lane and batch key, so that they can be
-- rendered together.
--
-- ARGV[4]  slot    ARGV[5]  nonce of this call, the same when it is repeated    ARGV[6]  lease in ms
-- ARGV[7]  limit of jobs    ARGV[8]  digest of the set of add-ons that the slot has; '' for none
-- ARGV[9...]  lane, its bias in ms, and so on: the preferred lane first (it wins a tie)
-- returns  {'OK', epoch, id, fence, attempt, flags, payload, ...}; nothing after the epoch when there is no job. flags
--          is 1 for a job that may have been posted, and 2 more for a cancelled one: the renderer checks its message
--          and does not render it
--          {'EPOCH'} also when the server has restarted since the epoch began, or when a key of the epoch is lost: there
--          may be lost leases and ends, so nothing is leased until a new epoch begins
--          {'ADDONS'} the set of add-ons is not stored: send it with putaddons.lua and repeat the call
--
-- A lane stands for those whose jobs need add-ons too, as far as the slot has them all. Only lanes with jobs are looked
-- at, so it does not matter how many a renderer could serve.
--
-- A lane is delayed by its bias, until it was passed over for three minutes while a job was ready in it.
if damaged or serverRun() ~= (serverRunAtStart or '') then return {'EPOCH'} end

local out = {'OK', epoch}
-- This counts from when the lane was passed over, not from its oldest job: in a pool that is busy all day the oldest
-- job of every lane is old, and renderers would load a model at every turn.
local maxPassedOver = 180000  -- milliseconds
local maxBatchCandidates = 16 -- for one further job

local function addLease(j, fence, attempt, payload)
  for _, x in ipairs({j.id, fence, attempt, flags(j), payload}) do out[#out + 1] = x end
end

-- A repeated call gets the same jobs again.
local last = call('HGET', reservesKey, ARGV[4])
local nonce, given = string.match(last or '', '^(%S+) %S+ (%S+)$')
if nonce == ARGV[5] then
  for id, fence in string.gmatch(given, '([^,:]+):(%d+)') do
    local j = job(id)
    if leased(j, fence) then
      local payload = payloadOf(id)
      if not payload then return {'EPOCH'} end
      call('ZADD', leaseKey, num(now + ARGV[6]), id)
      addLease(j, fence, j.attempts, payload)
    end
  end
  return out
end
if paused('pool') then return out end

-- first returns the first member of an index and its start tag.
local function first(key)
  local r = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return r[1], tonumber(r[2])
end

-- readPassedOver returns since when lanes are passed over. It reads nothing if no lane of the call has a bias.
local function readPassedOver()
  local since = {}
  for i = 9, #ARGV, 2 do
    if ARGV[i + 1] ~= '0' then
      local all = call('HGETALL', passedOverKey)
      for k = 1, #all, 2 do since[all[k]] = tonumber(all[k + 1]) end
      break
    end
  end
  return since
end

-- hasAll tells whether the slot has everything that the jobs of a lane need.
local function hasAll(lane)
  local names, _, hashes = {}, needsOf(lane)
  if not hashes then return damage('needs') end
  for hash in string.gmatch(hashes, '[^,]+') do names[#names + 1] = hash end
  for _, known in ipairs(call('HMGET', addonSetKey(ARGV[8]), unpack(names))) do
    if not known then return false end
  end
  return true
end

-- able returns which lanes the slot has everything for. What was found out once is stored: a lane always needs the same.
local maxAble = 5000 -- lanes; then it is found out anew
local function able(names)
  local key, out = ableKey(ARGV[8]), {}
  for from = 1, #names, 1000 do
    local known = call('HMGET', key, unpack(names, from, math.min(from + 999, #names)))
    for i, verdict in ipairs(known) do
      local lane = names[from + i - 1]
      if not verdict then
        verdict = hasAll(lane) and '1' or '0'
        if call('HLEN', key) >= maxAble then call('DEL', key) end
        call('HSET', key, lane, verdict)
      end
      out[lane] = verdict == '1'
    end
  end
  return out
end

-- listLanes lists the lanes that the slot can take: those that it names, and those with needs that they stand for. Each
-- has its name, its bias, and the rank of the lane that was named; one with needs also the start tag of its next server,
-- unless nothing is ready in it. nil: the set of add-ons is needed and not stored.
local function listLanes(since)
  local lanes, named, tags, names = {}, {}, {}, {}
  for i = 9, #ARGV, 2 do
    local l = {name = ARGV[i], bias = tonumber(ARGV[i + 1]), rank = i}
    lanes[#lanes + 1], named[l.name] = l, l
  end
  if ARGV[8] == '' then return lanes end
  local bases = {}
  local function add(lane)
    local base = named[baseOf(lane)]
    if base then names[#names + 1], bases[lane] = lane, base end
  end
  local heads = call('ZRANGE', headsKey, 0, -1, 'WITHSCORES')
  for i = 1, #heads, 2 do
    tags[heads[i]] = tonumber(heads[i + 1])
    add(heads[i])
  end
  for lane in pairs(since) do
    if not tags[lane] and not named[lane] then add(lane) end
  end
  if #names == 0 then return lanes end
  if call('EXISTS', addonSetKey(ARGV[8])) == 0 then return nil end
  call('ZADD', addonSetsKey, num(now), ARGV[8])
  local can = able(names)
  for _, name in ipairs(names) do
    local l = bases[name]
    if can[name] then
      lanes[#lanes + 1] = {name = name, bias = l.bias, rank = l.rank, needs = true, startTag = tags[name]}
    end
  end
  return lanes
end

-- head returns what is next of a server in a lane: the user with its start tag, the job and its seq. nil: nothing.
local function head(lane, s)
  local u, startTag = first(readyKey(lane, s))
  if not u then return nil end
  local id, seq = first(flowKey(lane, s, u))
  if not id then return nil end
  return {lane = lane, user = u, startTag = startTag, id = id, seq = seq}
end

-- headOf returns the next job of a server: of the user with the lowest start tag, and among equal users the oldest. An
-- account has the same start tag in all its lanes, so without this rule the preferred lane would starve the others.
local function headOf(S, bias)
  local best
  for lane in pairs(S.lanes) do
    local h = bias[lane] and head(lane, S.name)
    if h then
      h.at = h.startTag + bias[lane]
      if not best or h.at < best.at or (h.at == best.at and h.seq < best.seq) then best = h end
    end
  end
  return best
end

-- notePassedOver stores which lanes were passed over.
local function notePassedOver(lanes, taken, bias, since)
  for _, l in ipairs(lanes) do
    local passed = bias[l.name] and l.name ~= taken and l.bias ~= 0
    if passed and not since[l.name] then call('HSET', passedOverKey, l.name, num(now)) end
    if not passed and since[l.name] then call('HDEL', passedOverKey, l.name) end
  end
end

-- pausedLane tells whether a lane, or its model, is paused.
local function pausedLane(lane)
  local model = baseOf(lane)
  return paused('lane:' .. lane) or model ~= lane and paused('lane:' .. model)
end

-- choose returns the next server, its next job, and the least start tag of all servers that could be served.
local function choose(lanes, since)
  local bias = {} -- holds only lanes in which a job is ready
  local at, of, least
  for _, l in ipairs(lanes) do
    local startTag = l.startTag
    if not l.needs then _, startTag = first(laneKey(l.name)) end
    if startTag and not (anyPause and pausedLane(l.name)) then
      bias[l.name] = (since[l.name] and now - since[l.name] > maxPassedOver) and 0 or l.bias
      local v = startTag + bias[l.name]
      local wins = of and v == at and (l.rank < of.rank or l.rank == of.rank and l.name < of.name)
      if not of or v < at or wins then at, of = v, l end
      least = math.min(startTag, least or startTag)
    end
  end
  local best = of and first(laneKey(of.name))
  if of and not best then damage('lane:' .. of.name) end
  local S = best and server(best)
  local h = S and headOf(S, bias)
  if S and not h then damage('ready:' .. S.name) end
  notePassedOver(lanes, h and h.lane, bias, since)
  return S, h, least
end

-- lease returns nil and leases nothing if the job has lost a key.
local function lease(S, h, leastS, leastU)
  local j, payload = intactJob(h.id)
  if not j then return nil end
  local fence, attempt = start(S, j, ARGV[4], tonumber(ARGV[6]), leastS, leastU)
  addLease(j, fence, attempt, payload)
  return j, j.id .. ':' .. fence
end

-- withSameBatch finds the next job of a batch in a lane. It looks at the oldest jobs of a few accounts, in the order of
-- their start tags.
local function withSameBatch(lane, batch)
  local left = maxBatchCandidates
  for _, s in ipairs(call('ZRANGE', laneKey(lane), 0, maxBatchCandidates - 1)) do
    for _, u in ipairs(call('ZRANGE', readyKey(lane, s), 0, left - 1)) do
      local id = call('ZRANGE', flowKey(lane, s, u), 0, 0)[1]
      if not id then return nil end
      if call('HGET', jobKey(id), 'batch') == batch then return s, {id = id} end
      left = left - 1
      if left == 0 then return nil end
    end
  end
end

local since = readPassedOver()
local lanes = listLanes(since)
if not lanes then return {'ADDONS'} end
local S, h, least = choose(lanes, since)
if damaged then return {'EPOCH'} end
if not h then return out end
local j, taken = lease(S, h, least, h.startTag)
if not j then return {'EPOCH'} end
local all = {taken}
while #all < tonumber(ARGV[7]) and j.batch ~= '' do
  local s, next = withSameBatch(h.lane, j.batch)
  if not s then break end
  local _, leastU = first(readyKey(h.lane, s))
  _, taken = lease(server(s), next, least, leastU)
  if not taken then break end
  all[#all + 1] = taken
end
call('HSET', reservesKey, ARGV[4], ARGV[5] .. ' ' .. num(now) .. ' ' .. table.concat(all, ','))
return out
