-- Lends the bytes of an input picture to whoever paints a job that names it.
--
-- ARGV[4]  SHA-256    ARGV[5]  bytes    ARGV[6]  most bytes lent at once, 0 no limit
-- returns  {'OK'} · {'FULL'}
local sha, size = ARGV[4], string.len(ARGV[5])
call('ZADD', lentKey, num(now), sha)
if call('EXISTS', inputKey(sha)) == 1 then return {'OK'} end
local most = tonumber(ARGV[6])
if most > 0 and lineGet('lent') + size > most then
  call('ZREM', lentKey, sha)
  return {'FULL'}
end
call('SET', inputKey(sha), ARGV[5])
lineAdd('lent', size)
lineWrite()
return {'OK'}
