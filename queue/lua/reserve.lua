-- Lends the next jobs to a slot: the lane whose first server is owed most, in it that server, its user, the oldest job.
-- Further jobs of the same call come from the same lane, for they may share a batch.
--
-- ARGV[4]  slot    ARGV[5]  nonce of this call, the same when it is repeated    ARGV[6]  lease in ms
-- ARGV[7]  most jobs    ARGV[8...]  lanes, the preferred first (it wins a tie)
-- returns  {'OK', epoch, id, fence, attempt, look, payload, ...}; nothing after the epoch when no job can be had
local out = {'OK', epoch}

local function lend(id, fence, attempt, look)
  for _, x in ipairs({id, fence, attempt, look, call('GET', payloadKey(id))}) do out[#out + 1] = x end
end

local memo = call('HGET', memoKey, ARGV[4])
local nonce, given = string.match(memo or '', '^(%S+) %S+ (%S+)$')
if nonce == ARGV[5] then
  for id, fence in string.gmatch(given, '([^,:]+):(%d+)') do
    local j = job(id)
    if held(j, fence) then
      call('ZADD', leaseKey, num(now + ARGV[6]), id)
      lend(id, fence, j.attempts, j.look)
    end
  end
  return out
end

local function pick(lanes)
  local lane, first, least
  for _, l in ipairs(lanes) do
    local r = call('ZRANGE', laneKey(l), 0, 0, 'WITHSCORES')
    if r[1] and (not least or tonumber(r[2]) < least) then lane, first, least = l, r[1], tonumber(r[2]) end
  end
  return lane, first
end

local function lease(lane, s)
  local u = call('ZRANGE', readyKey(lane, s), 0, 0)[1]
  local j = job(call('ZRANGE', flowKey(lane, s, u), 0, 0)[1])
  local fence, attempt = start(j, ARGV[4], tonumber(ARGV[6]))
  lend(j.id, fence, attempt, j.look)
  return j.id .. ':' .. fence
end

local lanes = {}
for i = 8, #ARGV, 2 do lanes[#lanes + 1] = ARGV[i] end
local taken = {}
while #taken < tonumber(ARGV[7]) do
  local lane, s = pick(lanes)
  if not lane then break end
  taken[#taken + 1] = lease(lane, s)
  lanes = {lane}
end
if #taken > 0 then
  call('HSET', memoKey, ARGV[4], ARGV[5] .. ' ' .. num(now) .. ' ' .. table.concat(taken, ','))
end
return out
