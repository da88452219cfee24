package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Pause is a pause that the operator ordered. It is stored in SQL because the queue may lose it.
type Pause struct {
	Kind   string // "pool", "server" or "lane"
	Name   string // the server or lane; empty for the pool
	Reason string
	At     time.Time
}

// Pause stores a pause.
func (s *Store) Pause(ctx context.Context, p Pause) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO pauses (kind, name, reason, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (kind, name) DO UPDATE SET reason = EXCLUDED.reason`,
		p.Kind, p.Name, cleanText(p.Reason), millis(s.now()))
	if err != nil {
		return fmt.Errorf("pause %s %s: %w", p.Kind, p.Name, err)
	}
	return nil
}

// Resume removes a pause. It reports whether there was one.
func (s *Store) Resume(ctx context.Context, kind, name string) (bool, error) {
	r, err := s.write.ExecContext(ctx, `DELETE FROM pauses WHERE kind = $1 AND name = $2`, kind, name)
	if err != nil {
		return false, fmt.Errorf("resume %s %s: %w", kind, name, err)
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// Pauses returns every pause in force: those of the operator, and the servers that their moderators paused.
func (s *Store) Pauses(ctx context.Context) ([]Pause, error) {
	var all []Pause
	err := s.query(ctx, func(r *sql.Rows) error {
		var p Pause
		var at int64
		err := r.Scan(&p.Kind, &p.Name, &p.Reason, &at)
		p.At = fromMillis(at)
		all = append(all, p)
		return err
	}, `SELECT kind, name, reason, at FROM pauses
		UNION ALL SELECT 'server', server, pause_reason, 0 FROM policies p WHERE paused
			AND NOT EXISTS (SELECT 1 FROM pauses o WHERE o.kind = 'server' AND o.name = p.server)
		ORDER BY 1, 2`)
	if err != nil {
		return nil, fmt.Errorf("read pauses: %w", err)
	}
	return all, nil
}
