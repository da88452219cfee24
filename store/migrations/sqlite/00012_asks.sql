-- What somebody was asked to confirm before it is painted, until they answer or their answer comes too late.

-- +goose Up
CREATE TABLE asks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL
);

-- +goose Down
DROP TABLE asks;
