-- Messages about a job beside its own: the reply that pings its owner, and private images that were shared.

-- +goose Up
CREATE TABLE posts (
    job     TEXT   NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    kind    TEXT   NOT NULL,
    state   TEXT   NOT NULL CHECK (state IN ('due', 'sending', 'posted', 'dropped')),
    channel TEXT   NOT NULL,
    message TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (job, kind)
);
CREATE INDEX posts_due ON posts (at) WHERE kind = 'ping' AND state IN ('due', 'sending');

-- +goose Down
DROP TABLE posts;
