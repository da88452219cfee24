package queue

import (
	"cmp"
	"maps"
	"slices"
)

// WithJobs returns the queue as it would be with more jobs: so their positions and estimates are known before they are
// accepted.
func (s Snapshot) WithJobs(jobs ...Job) Snapshot {
	var last int64
	for _, other := range s.Jobs {
		last = max(last, other.seq)
	}
	s.Jobs = slices.Clone(s.Jobs)
	s.accounts = maps.Clone(s.accounts)
	if s.accounts == nil {
		s.accounts = map[string]accountRecord{}
	}
	for i, j := range jobs {
		s.Jobs = append(s.Jobs, JobStatus{
			ID: j.ID, Lane: j.Lane, Needs: j.Needs, Server: j.Server, User: j.User, State: StateWaiting, Cost: j.Cost,
			seq: last + 1 + int64(i), size: max(j.Pictures, 1), batchKey: j.BatchKey,
			serverWeight: cmp.Or(j.ServerWeight, 100), weight: cmp.Or(j.Weight, 100),
		})
		s.addAccount(j)
	}
	s.order()
	return s
}

// addAccount gives the server and the user of a job the accounts that it would have.
func (s *Snapshot) addAccount(j Job) {
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
}
