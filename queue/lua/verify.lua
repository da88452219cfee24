-- Looks for keys that the epoch has lost, a few jobs at a time, so that a long queue blocks nobody.
--
-- ARGV[4]  rank of the first job    ARGV[5]  number of jobs
-- returns  {'OK', jobs looked at, what is lost or ''}
--
-- Accounts are not added up: one that was lost and began anew counts below zero sooner or later, and is found then.
local function accountLost(j)
  local U = call('HGET', usersKey(j.server), j.user)
  if not U then return 'users:' .. j.server end
  if not call('HGET', serversKey, j.server) then return 'servers' end
  U = unpackAccount(j.user, U)
  if j.state == 'W' and not U.lanes[j.lane] then return 'users:' .. j.server end
  return nil, U
end

-- indexLost looks for a waiting job in the indexes. Its user is in them if this is the oldest job and may start.
local function indexLost(j, U)
  local flow = flowKey(j.lane, j.server, j.user)
  if not call('ZSCORE', flow, j.id) then return 'flow:' .. j.lane .. '/' .. j.server .. '/' .. j.user end
  if call('ZRANGE', flow, 0, 0)[1] ~= j.id or not startable(U, tonumber(j.size)) then return nil end
  if not call('ZSCORE', readyKey(j.lane, j.server), j.user) then return 'ready:' .. j.lane .. '/' .. j.server end
  if paused('server:' .. j.server) then return nil end
  if not call('ZSCORE', laneKey(j.lane), j.server) then return 'lane:' .. j.lane end
  if baseOf(j.lane) ~= j.lane and not call('ZSCORE', headsKey, j.lane) then return 'heads' end
end

local function inputLost(j)
  for sha in string.gmatch(j.inputs, '[^,]+') do
    if call('EXISTS', inputKey(sha)) == 0 then return 'input:' .. sha end
    if call('HEXISTS', refsKey, sha) == 0 then return 'refs' end
  end
end

local function jobLost(id)
  local j = job(id)
  if not j then return 'job:' .. id end
  if call('EXISTS', payloadKey(id)) == 0 then return 'payload:' .. id end
  if baseOf(j.lane) ~= j.lane and not needsOf(j.lane) then return 'needs' end
  local lost, U = accountLost(j)
  if lost then return lost end
  if j.state == 'W' then return indexLost(j, U) or inputLost(j) end
  if not call('ZSCORE', j.state == 'D' and delayKey or leaseKey, id) then return j.state == 'D' and 'delay' or 'lease' end
  return inputLost(j)
end

local function countLost()
  if call('ZCARD', jobsKey) ~= counterGet('waiting') + counterGet('running') then return 'jobs' end
  if call('ZCARD', leaseKey) ~= counterGet('running') then return 'lease' end
end

local lost = damaged or countLost()
local ids = call('ZRANGE', jobsKey, ARGV[4], ARGV[4] + ARGV[5] - 1)
for _, id in ipairs(ids) do
  lost = lost or jobLost(id)
end
if lost and not damaged then damage(lost) end
return {'OK', num(#ids), lost or ''}
