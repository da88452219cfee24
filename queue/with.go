package queue

import (
	"cmp"
	"maps"
	"slices"
)

// With returns the line as it would be if a job joined it now: its place and its Forecast can be told before it is promised.
func (s Snapshot) With(j Job) Snapshot {
	var last int64
	for _, other := range s.Jobs {
		last = max(last, other.seq)
	}
	s.Jobs = append(slices.Clone(s.Jobs), Standing{
		ID: j.ID, Lane: j.Lane, Server: j.Server, User: j.User, State: "waiting", Cost: j.Cost, Enqueued: s.At,
		seq: last + 1, size: max(j.Pictures, 1), batch: j.Batch, serverWeight: cmp.Or(j.ServerWeight, 100), weight: cmp.Or(j.Weight, 100),
	})
	s.tallies = maps.Clone(s.tallies)
	if s.tallies == nil {
		s.tallies = map[string]tally{}
	}
	server, busy := s.tallies[j.Server]
	if !busy { // it starts where the others are
		server = tally{v: s.v}
	}
	server.users = maps.Clone(server.users)
	if server.users == nil {
		server.users = map[string]tally{}
	}
	user, busy := server.users[j.User]
	if !busy {
		user = tally{v: server.at}
	}
	user.max = j.MaxRunning
	server.users[j.User] = user
	s.tallies[j.Server] = server
	s.order()
	return s
}
