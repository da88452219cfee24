-- Tells whether a job has an undelivered result.
--
-- ARGV[4]  job id
-- returns  {'OK', 1 or 0}
local there = call('ZSCORE', base .. 'undelivered', ARGV[4]) and call('EXISTS', base .. 'undelivered:' .. ARGV[4]) == 1
return {'OK', there and '1' or '0'}
