package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Departed notes that a server removed the bot. The first note counts until Rejoined takes it back.
func (s *Store) MarkDeparted(ctx context.Context, server string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO departures (server, at) VALUES ($1, $2) ON CONFLICT (server) DO NOTHING`,
		server, millis(s.now()))
	if err != nil {
		return fmt.Errorf("note that server %s left: %w", server, err)
	}
	return nil
}

// Rejoined notes that a server has the bot (again), so that it is not forgotten.
func (s *Store) MarkRejoined(ctx context.Context, server string) error {
	if _, err := s.write.ExecContext(ctx, `DELETE FROM departures WHERE server = $1`, server); err != nil {
		return fmt.Errorf("note that server %s is back: %w", server, err)
	}
	return nil
}

// Servers returns the servers that something is kept about and, for each, whether it departed. It steps from server to
// server through an index of the jobs instead of reading them all.
func (s *Store) Servers(ctx context.Context) (map[string]bool, error) {
	all := map[string]bool{}
	err := s.query(ctx, func(r *sql.Rows) error {
		var server string
		var departed bool
		err := r.Scan(&server, &departed)
		all[server] = departed
		return err
	}, `WITH RECURSIVE asked (server) AS (
			SELECT MIN(server) FROM jobs
			UNION ALL SELECT (SELECT MIN(server) FROM jobs WHERE jobs.server > asked.server) FROM asked WHERE asked.server IS NOT NULL)
		SELECT server, EXISTS (SELECT 1 FROM departures d WHERE d.server = known.server) FROM (
			SELECT server FROM asked WHERE server IS NOT NULL UNION SELECT server FROM policies
			UNION SELECT server FROM role_weights UNION SELECT server FROM departures) AS known`)
	if err != nil {
		return nil, fmt.Errorf("read servers: %w", err)
	}
	return all, nil
}

// forgetBatch bounds how many jobs one transaction of Forget removes, so that others need not wait for long.
const forgetBatch = 500

// Forget removes all that is kept about the servers that departed longer ago than age: jobs, pictures, limits, weights,
// use and audit trail. It returns the servers that were forgotten.
func (s *Store) ForgetServers(ctx context.Context, age time.Duration) ([]string, error) {
	var gone []string
	err := s.query(ctx, func(r *sql.Rows) error {
		var server string
		err := r.Scan(&server)
		gone = append(gone, server)
		return err
	}, `SELECT server FROM departures WHERE at <= $1 ORDER BY at, server`, millis(s.now().Add(-age)))
	if err != nil {
		return nil, fmt.Errorf("read departures: %w", err)
	}
	for i, server := range gone {
		if err := s.forgetServer(ctx, server); err != nil {
			return gone[:i], fmt.Errorf("forget server %s: %w", server, err)
		}
	}
	return gone, nil
}

func (s *Store) forgetServer(ctx context.Context, server string) error {
	for {
		left, err := s.forgetJobs(ctx, server)
		if err != nil {
			return err
		}
		if left == 0 {
			break
		}
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"policies", "role_weights", "spent", "audit", "departures"} {
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

// forgetJobs removes some jobs of a server and returns how many. One that is unfinished just vanishes: whoever has it in
// hand finds no record of it.
func (s *Store) forgetJobs(ctx context.Context, server string) (int, error) {
	r, err := s.write.ExecContext(ctx, `DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE server = $1 LIMIT $2)`,
		server, forgetBatch)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}
