-- Stores or deletes a pause, whatever the epoch. prelude.lua and pauseserver.lua follow in the same script.
--
-- ARGV[4]  scope: 'pool', 'server:<name>' or 'lane:<name>'    ARGV[5]  server, or ''
-- ARGV[6]  1 to pause, 0 to resume                            ARGV[7]  reason
-- returns  {'OK'} also when repeated · {'EPOCH'} it is stored, and no epoch has begun yet
--
-- The root hash says whether anything is paused, so that a queue without pauses pays nothing for them.
do
  local pausesKey = base .. 'pauses'
  if ARGV[6] == '1' then
    local since = string.match(call('HGET', pausesKey, ARGV[4]) or '', '^%d+') or num(now)
    call('HSET', pausesKey, ARGV[4], since .. ' ' .. ARGV[7])
  else
    call('HDEL', pausesKey, ARGV[4])
  end
  if call('EXISTS', pausesKey) == 1 then call('HSET', KEYS[1], 'paused', 1) else call('HDEL', KEYS[1], 'paused') end
  call('XADD', base .. 'events', 'MAXLEN', '~', ARGV[3], '*', 'kind', 'pause', 'job', '')
end
