-- Ends the move from the keys of the version before: its renderers can store no undelivered result any more.
--
-- ARGV[4]  what the key of the sizes holds from now on
-- returns  {'OK'} · {'OPEN'} there are results to move
local old = 'dr:' .. string.sub(base, 10)
if call('ZCARD', old .. 'tray') > 0 then return {'OPEN'} end
call('SET', old .. 'sizes', ARGV[4])
return {'OK'}
