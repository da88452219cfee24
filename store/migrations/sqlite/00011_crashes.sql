-- Paintings that began and never came back: each ended its process. It is counted before, for afterwards nobody can.

-- +goose Up
ALTER TABLE jobs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE jobs DROP COLUMN crashes;
