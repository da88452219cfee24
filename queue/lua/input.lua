-- Reads an input image.
--
-- ARGV[4]  SHA-256
-- returns  {'OK', bytes} · {'NONE'} · {'EPOCH'} it is lost: a job needs it, and it comes again with the next epoch
local sha = ARGV[4]
local bytes = call('GET', inputKey(sha))
if bytes then return {'OK', bytes} end
local needed = call('HEXISTS', refsKey, sha) == 1
for _, id in ipairs(call('ZRANGE', leaseKey, 0, -1)) do
  needed = needed or string.find(call('HGET', jobKey(id), 'inputs') or '', sha, 1, true)
end
if not needed then return {'NONE'} end
damage('input:' .. sha)
return {'EPOCH'}
