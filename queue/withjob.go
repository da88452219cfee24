package queue

import (
	"cmp"
	"maps"
	"slices"
)

// With returns the line as it would be if a job joined it now: its place and its Forecast can be told before it is promised.
func (s Snapshot) WithJob(j Job) Snapshot {
	var last int64
	for _, other := range s.Jobs {
		last = max(last, other.seq)
	}
	s.Jobs = append(slices.Clone(s.Jobs), JobStatus{
		ID: j.ID, Lane: j.Lane, Server: j.Server, User: j.User, State: StateWaiting, Cost: j.Cost, Enqueued: s.At,
		seq: last + 1, size: max(j.Pictures, 1), batchKey: j.BatchKey, serverWeight: cmp.Or(j.ServerWeight, 100), weight: cmp.Or(j.Weight, 100),
	})
	s.accounts = maps.Clone(s.accounts)
	if s.accounts == nil {
		s.accounts = map[string]accountRecord{}
	}
	server, busy := s.accounts[j.Server]
	if !busy { // it starts where the others are
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
