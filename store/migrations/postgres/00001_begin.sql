-- The same tables as in ../sqlite, whose comments explain them. COLLATE "C" sorts names as SQLite does.
-- Times are milliseconds since 1970 in UTC. Snowflakes are text: they are names, not numbers.

-- +goose Up
CREATE TABLE jobs (
    id       TEXT    COLLATE "C" NOT NULL PRIMARY KEY,
    server   TEXT    NOT NULL,
    channel  TEXT    NOT NULL,
    user_id  TEXT    NOT NULL,
    parent   TEXT    NOT NULL,
    verb     TEXT    NOT NULL,
    state    TEXT    NOT NULL CHECK (state IN ('accepted', 'waiting', 'running', 'done', 'failed', 'cancelled', 'expired')),
    spec     TEXT    NOT NULL,
    reply    TEXT    NOT NULL,
    pending  TEXT    NOT NULL,
    lane     TEXT    NOT NULL,
    cost     BIGINT  NOT NULL,
    pictures INTEGER NOT NULL CHECK (pictures > 0),
    spoiler  BOOLEAN NOT NULL,
    epoch    BIGINT  NOT NULL,
    leased   BOOLEAN NOT NULL,
    message  TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    created  BIGINT  NOT NULL,
    updated  BIGINT  NOT NULL
);

-- The outbox: acknowledged jobs that this epoch of the queue does not hold.
CREATE INDEX jobs_owed ON jobs (epoch, created) WHERE state IN ('waiting', 'running');
-- Jobs that were accepted and not acknowledged yet.
CREATE INDEX jobs_accepted ON jobs (created) WHERE state = 'accepted';
-- Quotas: the unfinished jobs of a user, and what they requested in a day.
CREATE INDEX jobs_in_hand ON jobs (server, user_id) WHERE state IN ('accepted', 'waiting', 'running');
CREATE INDEX jobs_of_day ON jobs (server, user_id, created) WHERE state NOT IN ('failed', 'cancelled', 'expired');
-- /queue and /cancel: the unfinished jobs of a user in all servers.
CREATE INDEX jobs_of_user ON jobs (user_id, created) WHERE state IN ('accepted', 'waiting', 'running');
CREATE INDEX jobs_of_message ON jobs (message) WHERE message <> '';
CREATE INDEX jobs_updated ON jobs (updated);

CREATE TABLE inputs (
    sha     TEXT   COLLATE "C" NOT NULL PRIMARY KEY,
    bytes   BYTEA  NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE job_inputs (
    job TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    sha TEXT COLLATE "C" NOT NULL REFERENCES inputs (sha) ON DELETE CASCADE,
    PRIMARY KEY (job, sha)
);
CREATE INDEX job_inputs_of_sha ON job_inputs (sha);

CREATE TABLE policies (
    server           TEXT    NOT NULL PRIMARY KEY,
    waiting_per_user INTEGER NOT NULL,
    running_per_user INTEGER NOT NULL,
    per_user_day     INTEGER NOT NULL,
    max_pixels       INTEGER NOT NULL,
    max_steps        INTEGER NOT NULL,
    max_count        INTEGER NOT NULL,
    paused           BOOLEAN NOT NULL,
    pause_reason     TEXT    NOT NULL
);

CREATE TABLE audit (
    id     BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    server TEXT   NOT NULL,
    actor  TEXT   NOT NULL,
    action TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
CREATE INDEX audit_of_server ON audit (server, id);

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE queue_epoch (
    pool  TEXT   NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL
);

-- +goose Down
DROP TABLE queue_epoch;
DROP TABLE meta;
DROP TABLE audit;
DROP TABLE policies;
DROP TABLE job_inputs;
DROP TABLE inputs;
DROP TABLE jobs;
