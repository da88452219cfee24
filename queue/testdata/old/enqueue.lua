-- Puts a job in line, once however often it is asked.
--
-- ARGV[4]  job id            ARGV[5]  lane         ARGV[6]  server      ARGV[7]  user
-- ARGV[8]  cost in ms        ARGV[9]  size (pictures)                   ARGV[10] most pictures running, 0 no limit
-- ARGV[11] look (0 or 1)     ARGV[12] inputs, a comma list of SHA-256   ARGV[13] payload (the job as JSON)
-- ARGV[14] most jobs waiting in the pool, 0 no limit                   ARGV[15] batch
-- ARGV[16] and ARGV[17] weights of server and user in percent           ARGV[18] ms after the start of the epoch that it waits
--          to be adopted, '' unless it was held
-- returns  {'OK', waiting} · {'DUP', waiting} known already; if it has ended, its last event is told once more
--          {'CANCELLED', waiting} likewise, ended by a cancel · {'FULL'} nothing was done
--
-- A cancel that came before the job keeps it out. If the job may have been posted (look) it comes in, marked as
-- cancelled, for a renderer to look.
local id = ARGV[4]
local known = job(id)
local early = known and known.early and ARGV[11] == '1'
if known and known.state == 'E' and not early then
  tell(known.kind, id, 'reason', known.reason or '', 'outcome', known.outcome or '')
  call('HDEL', jobKey(id), 'early')
  return {known.kind == 'cancelled' and 'CANCELLED' or 'DUP', num(lineGet('waiting'))}
end
if known and not early then return {'DUP', num(lineGet('waiting'))} end
local most = tonumber(ARGV[14])
if most > 0 and lineGet('waiting') >= most then return {'FULL'} end
if early then
  call('DEL', jobKey(id))
  call('ZREM', endedKey, id)
end

local j = {id = id, state = 'W', lane = ARGV[5], server = ARGV[6], user = ARGV[7], seq = num(lineAdd('seq', 1))}
call('HSET', jobKey(id), 'state', 'W', 'lane', j.lane, 'server', j.server, 'user', j.user, 'cost', ARGV[8],
  'size', ARGV[9], 'look', ARGV[11], 'inputs', ARGV[12], 'batch', ARGV[15], 'sweight', ARGV[16], 'weight', ARGV[17],
  'seq', j.seq, 'at', num(now), 'fence', 0, 'attempts', 0, 'errors', 0, 'crashes', 0, 'percent', 0)
call('ZADD', jobsKey, j.seq, id)
call('SET', payloadKey(id), ARGV[13])
if early then call('HSET', jobKey(id), 'cancel', known.reason) end
for sha in string.gmatch(ARGV[12], '[^,]+') do call('HINCRBY', refsKey, sha, 1) end

local S, U = accounts(j)
wake(S, U)
U.max = tonumber(ARGV[10])
count(S, U, tonumber(ARGV[9]), 1, 0)
local began = ARGV[18] ~= '' and tonumber(call('HGET', KEYS[1], 'began') or '0')
if began and now < began + ARGV[18] then
  call('HSET', jobKey(id), 'state', 'D')
  call('ZADD', delayKey, num(began + ARGV[18]), id)
else
  enter(S, U, j)
end
put(S, U)
return {'OK', num(lineGet('waiting'))}
