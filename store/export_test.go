package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// DoneInQuery is the query of DoneIn, with values.
var DoneInQuery = strings.NewReplacer("$1", "'s'", "$2", "'c'", "$3", "2000").Replace(doneIn)

// Count returns how many jobs are in each state.
func (s *Store) Count(ctx context.Context) (map[State]int, error) {
	n := map[State]int{}
	err := s.query(ctx, func(r *sql.Rows) error {
		var state State
		var jobs int
		err := r.Scan(&state, &jobs)
		n[state] = jobs
		return err
	}, `SELECT state, COUNT(*) FROM jobs GROUP BY state`)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return n, nil
}

// LimitPages bounds how many pages an SQLite file may have, as a disk does.
func (s *Store) LimitPages(ctx context.Context, pages int) error {
	_, err := s.write.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count(%d)", pages))
	return err
}
