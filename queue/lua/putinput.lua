-- Stores the bytes of an input image for the renderers of jobs that name it.
--
-- ARGV[4]  SHA-256    ARGV[5]  bytes    ARGV[6]  limit of all input images in bytes, 0 for no limit
-- returns  {'OK'} · {'FULL'}
local sha, size = ARGV[4], string.len(ARGV[5])
call('ZADD', inputsKey, num(now), sha)
if call('EXISTS', inputKey(sha)) == 1 then return {'OK'} end
local limit = tonumber(ARGV[6])
if limit > 0 and counterGet('inputbytes') + size > limit then
  call('ZREM', inputsKey, sha)
  return {'FULL'}
end
call('SET', inputKey(sha), ARGV[5])
counterAdd('inputbytes', size)
counterWrite()
return {'OK'}
