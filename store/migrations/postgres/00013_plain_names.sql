-- Columns, tables and indexes get plain names. Rows and stored values stay as they are, and no table is rebuilt.
--
-- An older bot that still runs after this cannot accept, list or finish jobs, hold a claim or begin an epoch of the
-- queue: these statements name something that is renamed here. It cannot start again either: see migrate.go.

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

-- A primary key's index is named after its table; its constraint takes the index's name.
ALTER INDEX spent_pkey RENAME TO daily_totals_pkey;
ALTER INDEX asks_pkey RENAME TO questions_pkey;
ALTER INDEX departures_pkey RENAME TO departed_servers_pkey;
ALTER INDEX delivery_files_pkey RENAME TO inbox_pictures_pkey;
ALTER INDEX queue_epoch_pkey RENAME TO queue_epochs_pkey;
ALTER TABLE inbox_pictures RENAME CONSTRAINT delivery_files_job_fkey TO inbox_pictures_job_fkey;

ALTER INDEX jobs_owed RENAME TO jobs_unqueued;
ALTER INDEX jobs_in_hand RENAME TO jobs_unfinished_of_account;
ALTER INDEX jobs_of_user RENAME TO jobs_unfinished_of_user;
ALTER INDEX jobs_of_owner RENAME TO jobs_ended_of_user;
ALTER INDEX spent_of_user RENAME TO daily_totals_of_user;
ALTER INDEX deliveries_offered RENAME TO deliveries_reoffer_due;
ALTER INDEX claims_until RENAME TO claims_expires;

ALTER FUNCTION jobs_stay() RENAME TO jobs_terminal_guard;

-- +goose Down
ALTER FUNCTION jobs_terminal_guard() RENAME TO jobs_stay;

ALTER INDEX claims_expires RENAME TO claims_until;
ALTER INDEX deliveries_reoffer_due RENAME TO deliveries_offered;
ALTER INDEX daily_totals_of_user RENAME TO spent_of_user;
ALTER INDEX jobs_ended_of_user RENAME TO jobs_of_owner;
ALTER INDEX jobs_unfinished_of_user RENAME TO jobs_of_user;
ALTER INDEX jobs_unfinished_of_account RENAME TO jobs_in_hand;
ALTER INDEX jobs_unqueued RENAME TO jobs_owed;

ALTER TABLE inbox_pictures RENAME CONSTRAINT inbox_pictures_job_fkey TO delivery_files_job_fkey;
ALTER INDEX queue_epochs_pkey RENAME TO queue_epoch_pkey;
ALTER INDEX inbox_pictures_pkey RENAME TO delivery_files_pkey;
ALTER INDEX departed_servers_pkey RENAME TO departures_pkey;
ALTER INDEX questions_pkey RENAME TO asks_pkey;
ALTER INDEX daily_totals_pkey RENAME TO spent_pkey;

ALTER TABLE queue_epochs RENAME TO queue_epoch;
ALTER TABLE inbox_pictures RENAME TO delivery_files;
ALTER TABLE departed_servers RENAME TO departures;
ALTER TABLE questions RENAME TO asks;
ALTER TABLE daily_totals RENAME TO spent;

ALTER TABLE claims RENAME COLUMN expires TO until;
ALTER TABLE jobs RENAME COLUMN was_leased TO leased;
ALTER TABLE jobs RENAME COLUMN pending_inputs TO pending;
ALTER TABLE jobs RENAME COLUMN address TO reply;
