-- +goose Up
-- What was made from a job is listed with it.
CREATE INDEX jobs_of_parent ON jobs (parent, created) WHERE parent <> '';

-- +goose Down
DROP INDEX jobs_of_parent;
