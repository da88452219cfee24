-- The done jobs of a channel, newest first, are where /show picture looks.

-- +goose Up
CREATE INDEX jobs_done_of_channel ON jobs (server, channel, created, id) WHERE state = 'done';

-- +goose Down
DROP INDEX jobs_done_of_channel;
