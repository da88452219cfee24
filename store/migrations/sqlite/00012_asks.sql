-- Questions that a user must confirm before rendering. A row stays until it is answered or expires.

-- +goose Up
CREATE TABLE asks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL
);

-- +goose Down
DROP TABLE asks;
