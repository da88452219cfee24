package store

import "context"

// PolicyAndWeights returns all that a server's moderators decided about requests: its Policy and its RoleWeights.
func (s *Store) PolicyAndWeights(ctx context.Context, server string) (Policy, map[string]int, error) {
	p, err := s.Policy(ctx, server)
	if err != nil {
		return Policy{}, nil, err
	}
	weights, err := s.RoleWeights(ctx, server)
	if err != nil {
		return Policy{}, nil, err
	}
	return p, weights, nil
}
