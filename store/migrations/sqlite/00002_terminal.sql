-- The database itself refuses to change the state of a finished job.

-- +goose Up
-- +goose StatementBegin
CREATE TRIGGER jobs_terminal BEFORE UPDATE OF state ON jobs
WHEN OLD.state IN ('done', 'failed', 'cancelled', 'expired') AND NEW.state <> OLD.state
BEGIN
    SELECT RAISE(ABORT, 'a finished job never changes its state');
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER jobs_terminal;
