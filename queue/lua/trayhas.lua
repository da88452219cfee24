-- Tells whether a delivery lies in the tray.
--
-- ARGV[4]  job id
-- returns  {'OK', 1 or 0}
local there = call('ZSCORE', base .. 'tray', ARGV[4]) and call('EXISTS', base .. 'delivery:' .. ARGV[4]) == 1
return {'OK', there and '1' or '0'}
