-- How far the pictures of a job got when they could not be put into the job's own message.

-- +goose Up
CREATE TABLE deliveries (
    job     TEXT   NOT NULL PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    user_id TEXT   NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('sending', 'posted', 'offer', 'offered', 'inbox', 'shown')),
    channel TEXT   NOT NULL,
    message TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX deliveries_of_user ON deliveries (user_id, at) WHERE state IN ('inbox', 'shown');
CREATE INDEX deliveries_offered ON deliveries (at) WHERE state = 'offer';

-- Pictures that wait in an inbox.
CREATE TABLE delivery_files (
    job   TEXT    NOT NULL REFERENCES deliveries (job) ON DELETE CASCADE,
    n     INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    bytes BYTEA   NOT NULL,
    PRIMARY KEY (job, n)
);

-- Which of several bots does a task that only one may do.
CREATE TABLE claims (
    name   TEXT   NOT NULL PRIMARY KEY,
    holder TEXT   NOT NULL,
    until  BIGINT NOT NULL
);
CREATE INDEX claims_until ON claims (until);

-- Pauses that the operator ordered: the whole pool, a server or a lane.
CREATE TABLE pauses (
    kind   TEXT   NOT NULL CHECK (kind IN ('pool', 'server', 'lane')),
    name   TEXT   NOT NULL,
    reason TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);

-- +goose Down
DROP TABLE pauses;
DROP TABLE claims;
DROP TABLE delivery_files;
DROP TABLE deliveries;
