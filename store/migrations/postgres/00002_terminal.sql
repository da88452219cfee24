-- The database itself refuses to change the state of a finished job.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION jobs_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a finished job never changes its state';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER jobs_terminal BEFORE UPDATE OF state ON jobs FOR EACH ROW
    WHEN (OLD.state IN ('done', 'failed', 'cancelled', 'expired') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION jobs_stay();

-- +goose Down
DROP TRIGGER jobs_terminal ON jobs;
DROP FUNCTION jobs_stay;
