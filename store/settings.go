package store

import (
	"context"
	"database/sql"
	"fmt"
)

// PolicyAndWeights returns all that a server's moderators decided about requests, in one read: its policy, and the
// weights of its roles in percent by role id. Both are empty if the moderators set none. Accept reads the policy again
// in its transaction.
func (s *Store) PolicyAndWeights(ctx context.Context, server string) (p Policy, weights map[string]int, err error) {
	weights = map[string]int{}
	err = s.query(ctx, func(r *sql.Rows) error { // one row for each weight, or one row if there is none
		var role string
		var weight int
		err := r.Scan(&p.WaitingPerUser, &p.RunningPerUser, &p.PerUserDay, &p.MaxPixels, &p.MaxSteps, &p.MaxCount,
			&p.Paused, &p.PauseReason, &role, &weight)
		if weight > 0 {
			weights[role] = weight
		}
		return err
	}, `SELECT COALESCE(p.waiting_per_user, 0), COALESCE(p.running_per_user, 0), COALESCE(p.per_user_day, 0),
		COALESCE(p.max_pixels, 0), COALESCE(p.max_steps, 0), COALESCE(p.max_count, 0),
		COALESCE(p.paused, FALSE), COALESCE(p.pause_reason, ''), COALESCE(w.role, ''), COALESCE(w.weight, 0)
		FROM (SELECT CAST($1 AS TEXT) AS server) AS asked
		LEFT JOIN policies p ON p.server = asked.server LEFT JOIN role_weights w ON w.server = asked.server`, server)
	if err != nil {
		return Policy{}, nil, fmt.Errorf("read settings of %s: %w", server, err)
	}
	return p, weights, nil
}
