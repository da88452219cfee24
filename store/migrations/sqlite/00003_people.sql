-- What belongs to a person or a server, so that it can be shown to them, and forgotten.

-- +goose Up
-- The asker's weight in percent, by their roles when they asked; 0 is 100.
ALTER TABLE jobs ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;
-- An erased job has no content any more. It stays for a day, so that erasing gives nobody a fresh allowance.
ALTER TABLE jobs ADD COLUMN erased BOOLEAN NOT NULL DEFAULT FALSE;
-- One index for the quota of a day and for all of a server, one for all of a person that has ended.
DROP INDEX jobs_of_day;
DROP INDEX jobs_of_message; -- nobody asks by it
CREATE INDEX jobs_of_account ON jobs (server, user_id, created);
CREATE INDEX jobs_of_owner ON jobs (user_id, created) WHERE state IN ('done', 'failed', 'cancelled', 'expired');

-- Pictures that were painted, by whose they are and day of ending (days since 1970 in UTC), with the milliseconds they took.
CREATE TABLE spent (
    server   TEXT    NOT NULL,
    user_id  TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    pictures BIGINT  NOT NULL,
    millis   BIGINT  NOT NULL,
    PRIMARY KEY (server, user_id, day)
);
CREATE INDEX spent_of_user ON spent (user_id);

CREATE TABLE presets (
    user_id TEXT   NOT NULL,
    name    TEXT   NOT NULL,
    body    TEXT   NOT NULL,
    updated BIGINT NOT NULL,
    PRIMARY KEY (user_id, name)
);

CREATE TABLE role_weights (
    server TEXT    NOT NULL,
    role   TEXT    NOT NULL,
    weight INTEGER NOT NULL CHECK (weight > 0),
    PRIMARY KEY (server, role)
);

-- Servers that removed the bot, and when.
CREATE TABLE departures (
    server TEXT   NOT NULL PRIMARY KEY,
    at     BIGINT NOT NULL
);

-- People who had their data erased, and when: what was unfinished then follows when it ends.
CREATE TABLE erasures (
    user_id TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE erasures;
DROP TABLE departures;
DROP TABLE role_weights;
DROP TABLE presets;
DROP TABLE spent;
DROP INDEX jobs_of_owner;
DROP INDEX jobs_of_account;
CREATE INDEX jobs_of_message ON jobs (message) WHERE message <> '';
CREATE INDEX jobs_of_day ON jobs (server, user_id, created) WHERE state NOT IN ('failed', 'cancelled', 'expired');
ALTER TABLE jobs DROP COLUMN erased;
ALTER TABLE jobs DROP COLUMN weight;
