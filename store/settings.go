package store

import (
	"context"
	"database/sql"
	"fmt"
)

// ServerSettings is what a server's moderators decided, as a request needs it.
type ServerSettings struct {
	Policy      Policy
	RoleWeights map[string]int // in percent by role id: see Store.RoleWeights
}

// ServerSettings returns a server's policy and the weights of its roles in one read. Both are empty if its moderators
// set none. Accept reads the policy again in its transaction.
func (s *Store) ServerSettings(ctx context.Context, server string) (ServerSettings, error) {
	all := ServerSettings{RoleWeights: map[string]int{}}
	err := s.query(ctx, func(r *sql.Rows) error { // one row for each weight, or one row if there is none
		p := &all.Policy
		var role string
		var weight int
		err := r.Scan(&p.WaitingPerUser, &p.RunningPerUser, &p.PerUserDay, &p.MaxPixels, &p.MaxSteps, &p.MaxCount,
			&p.Paused, &p.PauseReason, &role, &weight)
		if weight > 0 {
			all.RoleWeights[role] = weight
		}
		return err
	}, `SELECT COALESCE(p.waiting_per_user, 0), COALESCE(p.running_per_user, 0), COALESCE(p.per_user_day, 0),
		COALESCE(p.max_pixels, 0), COALESCE(p.max_steps, 0), COALESCE(p.max_count, 0),
		COALESCE(p.paused, FALSE), COALESCE(p.pause_reason, ''), COALESCE(w.role, ''), COALESCE(w.weight, 0)
		FROM (SELECT CAST($1 AS TEXT) AS server) AS asked
		LEFT JOIN policies p ON p.server = asked.server LEFT JOIN role_weights w ON w.server = asked.server`, server)
	if err != nil {
		return ServerSettings{}, fmt.Errorf("read settings of %s: %w", server, err)
	}
	return all, nil
}
