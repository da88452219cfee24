package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// MarkDeparted records that a server removed the bot. The first record counts until MarkRejoined removes it.
func (s *Store) MarkDeparted(ctx context.Context, server string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO departed_servers (server, at) VALUES ($1, $2)
		ON CONFLICT (server) DO NOTHING`, server, millis(s.now()))
	if err != nil {
		return fmt.Errorf("mark server %s as departed: %w", server, err)
	}
	return nil
}

// MarkRejoined records that a server has the bot (again), so that its data is not removed.
func (s *Store) MarkRejoined(ctx context.Context, server string) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM departed_servers WHERE server = $1`, server); err != nil {
		return fmt.Errorf("mark server %s as rejoined: %w", server, err)
	}
	return nil
}

// Servers returns the servers that have any data and, for each, whether it departed. It steps from server to server
// through an index of the jobs instead of reading all jobs.
func (s *Store) Servers(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := s.query(ctx, func(r *sql.Rows) error {
		var server string
		var departed bool
		err := r.Scan(&server, &departed)
		all[server] = departed
		return err
	}, `WITH RECURSIVE with_jobs (server) AS (
			SELECT MIN(server) FROM jobs
			UNION ALL SELECT (SELECT MIN(server) FROM jobs WHERE jobs.server > with_jobs.server)
				FROM with_jobs WHERE with_jobs.server IS NOT NULL)
		SELECT server, EXISTS (SELECT 1 FROM departed_servers d WHERE d.server = known.server) FROM (
			SELECT server FROM with_jobs WHERE server IS NOT NULL UNION SELECT server FROM policies
			UNION SELECT server FROM role_weights UNION SELECT server FROM server_settings
			UNION SELECT server FROM server_presets UNION SELECT server FROM departed_servers) AS known`)
	if err != nil {
		return nil, fmt.Errorf("read servers: %w", err)
	}
	return all, nil
}

// forgetBatch is how many jobs one transaction of ForgetServers removes, so that other writers need not wait for long.
const forgetBatch = 500

// ForgetServers removes all data of the servers that departed longer ago than age: jobs, images, policy, weights,
// settings, presets, totals and audit trail. It returns these servers.
func (s *Store) ForgetServers(ctx context.Context, age time.Duration) ([]string, error) {
	due, err := s.queryTexts(ctx, `SELECT server FROM departed_servers WHERE at <= $1 ORDER BY at, server`,
		millis(s.now().Add(-age)))
	if err != nil {
		return nil, fmt.Errorf("read departed servers: %w", err)
	}
	for i, server := range due {
		if err := s.forgetServer(ctx, server); err != nil {
			return due[:i], fmt.Errorf("forget server %s: %w", server, err)
		}
	}
	return due, nil
}

func (s *Store) forgetServer(ctx context.Context, server string) error {
	for {
		removed, err := s.forgetJobs(ctx, server)
		if err != nil {
			return err
		}
		if removed == 0 {
			break
		}
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{
			"policies", "role_weights", "server_settings", "server_presets", "daily_totals", "audit", "departed_servers",
		} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE server = $1`, server); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM pauses WHERE kind = 'server' AND name = $1`, server); err != nil {
			return err
		}
		return s.writeAudit(ctx, tx, "", "", "forget a server", nil)
	})
}

// forgetJobs removes some jobs of a server and returns how many. It also removes unfinished jobs: whoever works on one
// then gets ErrNotFound.
func (s *Store) forgetJobs(ctx context.Context, server string) (int, error) {
	r, err := s.write.ExecContext(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE server = $1 LIMIT $2)`,
		server, forgetBatch)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}
