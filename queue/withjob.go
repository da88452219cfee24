package queue

import (
	"cmp"
	"maps"
	"slices"
)

// WithJob returns the queue as it would be with one more job: so its position and its estimate are known before it is
// accepted.
func (s Snapshot) WithJob(j Job) Snapshot {
	var last int64
	for _, other := range s.Jobs {
		last = max(last, other.seq)
	}
	s.Jobs = append(slices.Clone(s.Jobs), JobStatus{
		ID: j.ID, Lane: j.Lane, Server: j.Server, User: j.User, State: StateWaiting, Cost: j.Cost,
		seq: last + 1, size: max(j.Pictures, 1), batchKey: j.BatchKey,
		serverWeight: cmp.Or(j.ServerWeight, 100), weight: cmp.Or(j.Weight, 100),
	})
	s.accounts = maps.Clone(s.accounts)
	if s.accounts == nil {
		s.accounts = map[string]accountRecord{}
	}
	server, busy := s.accounts[j.Server]
	if !busy { // it starts at the virtual time
		server = accountRecord{startTag: s.virtualTime}
	}
	server.users = maps.Clone(server.users)
	if server.users == nil {
		server.users = map[string]accountRecord{}
	}
	user, busy := server.users[j.User]
	if !busy {
		user = accountRecord{startTag: server.virtualTime}
	}
	user.maxRunning = j.MaxRunning
	server.users[j.User] = user
	s.accounts[j.Server] = server
	s.order()
	return s
}
