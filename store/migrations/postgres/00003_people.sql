-- Data of people and servers, kept so that it can be shown to them and erased.

-- +goose Up
-- The user's weight in percent, from their roles at the time of the request; 0 means 100.
ALTER TABLE jobs ADD COLUMN weight INTEGER NOT NULL DEFAULT 0;
-- An erased job has no content. Its row stays for a day, so that erasing does not reset a quota.
ALTER TABLE jobs ADD COLUMN erased BOOLEAN NOT NULL DEFAULT FALSE;
-- One index for the daily quota and for all jobs of a server, one for the finished jobs of a person.
DROP INDEX jobs_of_day;
DROP INDEX jobs_of_message; -- no query uses it
CREATE INDEX jobs_of_account ON jobs (server, user_id, created);
CREATE INDEX jobs_of_owner ON jobs (user_id, created) WHERE state IN ('done', 'failed', 'cancelled', 'expired');

-- Finished pictures and their render time in milliseconds, by server, user and day (days since 1970 in UTC).
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
    name    TEXT   COLLATE "C" NOT NULL,
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

-- People who had their data erased, and when. Jobs that were unfinished then are erased when they end.
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
