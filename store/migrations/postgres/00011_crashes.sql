-- Runs of a job that began and never ended, because the process died. A run is counted when it begins.

-- +goose Up
ALTER TABLE jobs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE jobs DROP COLUMN crashes;
