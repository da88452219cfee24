-- Reads an input image.
--
-- ARGV[4]  SHA-256
-- returns  {'OK', bytes} · {'NONE'}
local bytes = call('GET', inputKey(ARGV[4]))
if not bytes then return {'NONE'} end
return {'OK', bytes}
