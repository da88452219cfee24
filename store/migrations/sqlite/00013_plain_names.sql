-- Columns, tables and indexes get plain names. Rows and stored values stay as they are, and no table is rebuilt.

-- +goose Up
ALTER TABLE jobs RENAME COLUMN reply TO address;
ALTER TABLE jobs RENAME COLUMN pending TO pending_inputs;
ALTER TABLE jobs RENAME COLUMN leased TO was_leased;
ALTER TABLE claims RENAME COLUMN until TO expires;

ALTER TABLE spent RENAME TO daily_totals;
ALTER TABLE asks RENAME TO questions;
ALTER TABLE departures RENAME TO departed_servers;
ALTER TABLE delivery_files RENAME TO inbox_pictures;
ALTER TABLE queue_epoch RENAME TO queue_epochs;

-- SQLite cannot rename an index.
DROP INDEX jobs_owed;
DROP INDEX jobs_in_hand;
DROP INDEX jobs_of_user;
DROP INDEX jobs_of_owner;
DROP INDEX spent_of_user;
DROP INDEX deliveries_offered;
DROP INDEX claims_until;
-- The outbox: acknowledged jobs that this epoch of the queue does not hold.
CREATE INDEX jobs_unqueued ON jobs (epoch, created) WHERE state IN ('waiting', 'running');
-- Quotas: the unfinished jobs of a user in a server.
CREATE INDEX jobs_unfinished_of_account ON jobs (server, user_id) WHERE state IN ('accepted', 'waiting', 'running');
-- /queue and /cancel: the unfinished jobs of a user in all servers.
CREATE INDEX jobs_unfinished_of_user ON jobs (user_id, created) WHERE state IN ('accepted', 'waiting', 'running');
-- Data export and erasure: the finished jobs of a user.
CREATE INDEX jobs_ended_of_user ON jobs (user_id, created) WHERE state IN ('done', 'failed', 'cancelled', 'expired');
CREATE INDEX daily_totals_of_user ON daily_totals (user_id);
CREATE INDEX deliveries_reoffer_due ON deliveries (at) WHERE state = 'offer';
CREATE INDEX claims_expires ON claims (expires);

-- +goose Down
DROP INDEX claims_expires;
DROP INDEX deliveries_reoffer_due;
DROP INDEX daily_totals_of_user;
DROP INDEX jobs_ended_of_user;
DROP INDEX jobs_unfinished_of_user;
DROP INDEX jobs_unfinished_of_account;
DROP INDEX jobs_unqueued;

ALTER TABLE queue_epochs RENAME TO queue_epoch;
ALTER TABLE inbox_pictures RENAME TO delivery_files;
ALTER TABLE departed_servers RENAME TO departures;
ALTER TABLE questions RENAME TO asks;
ALTER TABLE daily_totals RENAME TO spent;

ALTER TABLE claims RENAME COLUMN expires TO until;
ALTER TABLE jobs RENAME COLUMN was_leased TO leased;
ALTER TABLE jobs RENAME COLUMN pending_inputs TO pending;
ALTER TABLE jobs RENAME COLUMN address TO reply;

CREATE INDEX jobs_owed ON jobs (epoch, created) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_in_hand ON jobs (server, user_id) WHERE state IN ('accepted', 'waiting', 'running');
CREATE INDEX jobs_of_user ON jobs (user_id, created) WHERE state IN ('accepted', 'waiting', 'running');
CREATE INDEX jobs_of_owner ON jobs (user_id, created) WHERE state IN ('done', 'failed', 'cancelled', 'expired');
CREATE INDEX spent_of_user ON spent (user_id);
CREATE INDEX deliveries_offered ON deliveries (at) WHERE state = 'offer';
CREATE INDEX claims_until ON claims (until);
