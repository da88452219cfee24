-- What people and servers want where a request does not say it.

-- +goose Up
CREATE TABLE preferences (
    user_id TEXT   NOT NULL PRIMARY KEY,
    body    TEXT   NOT NULL,
    updated BIGINT NOT NULL
);

CREATE TABLE server_settings (
    server  TEXT   NOT NULL PRIMARY KEY,
    body    TEXT   NOT NULL,
    updated BIGINT NOT NULL
);

-- Presets that everybody in a server may use.
CREATE TABLE server_presets (
    server  TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    body    TEXT   NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (server, name)
);

-- +goose Down
DROP TABLE server_presets;
DROP TABLE server_settings;
DROP TABLE preferences;
