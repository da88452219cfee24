package queue

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// model is the line in plain Go, written for being obviously right: no index, every question answered by looking at
// all jobs. The property in property_test.go holds the scripts against it.
type model struct {
	o       Options
	now     time.Time
	v       int64
	seq     int64
	fence   int64
	jobs    map[string]*modelJob
	servers map[string]*modelAccount
}

type modelJob struct {
	Job
	state                     byte // as in lua/line.lua
	kind                      Kind // how it ended
	seq, fence                int64
	attempts, errors, crashes int
	look, cancel, early       bool // early: cancelled before it came
	since, until              time.Time
}

type modelAccount struct {
	v, at int64
	max   int
	users map[string]*modelAccount
}

func newModel(o Options, now time.Time) *model {
	return &model{o: o, now: now, jobs: map[string]*modelJob{}, servers: map[string]*modelAccount{}}
}

func (m *model) count(match func(*modelJob) bool) (n int) {
	for _, j := range m.jobs {
		if j.state != 'E' && match(j) {
			n++
		}
	}
	return n
}

func (m *model) server(name string) *modelAccount {
	if m.servers[name] == nil {
		m.servers[name] = &modelAccount{users: map[string]*modelAccount{}}
	}
	return m.servers[name]
}

func (m *model) user(server, name string) *modelAccount {
	s := m.server(server)
	if s.users[name] == nil {
		s.users[name] = &modelAccount{}
	}
	return s.users[name]
}

func (m *model) busyServer(name string) bool {
	return m.count(func(j *modelJob) bool { return j.Server == name }) > 0
}

func (m *model) busyUser(server, name string) bool {
	return m.count(func(j *modelJob) bool { return j.Server == server && j.User == name }) > 0
}

// settled forgets what an idle server or an idle pool need not remember.
func (m *model) settled() {
	for name := range m.servers {
		if !m.busyServer(name) {
			m.servers[name].users, m.servers[name].at = map[string]*modelAccount{}, 0
		}
	}
	if m.count(func(*modelJob) bool { return true }) == 0 {
		m.v, m.servers = 0, map[string]*modelAccount{}
	}
}

func (m *model) enqueue(j Job) (duplicate bool) {
	known := m.jobs[j.ID]
	early := known != nil && known.early
	if known != nil {
		known.early = false
	}
	if known != nil && !(early && j.Look) {
		return true
	}
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	if !m.busyServer(j.Server) && s.v <= m.v {
		s.v, m.v = m.v, m.v+1
	}
	if !m.busyUser(j.Server, j.User) && u.v <= s.at {
		u.v, s.at = s.at, s.at+1
	}
	u.max = j.MaxRunning
	m.seq++
	m.jobs[j.ID] = &modelJob{Job: j, state: 'W', seq: m.seq, look: j.Look, cancel: early}
	return false
}

// limit sets a limit for all users of a server that have jobs.
func (m *model) limit(server string, most int) {
	for _, j := range m.jobs {
		if j.state != 'E' && j.Server == server {
			m.user(server, j.User).max = most
		}
	}
}

// ready lists the jobs of the lane that may start: the oldest of each user's, if the user's limit allows it.
func (m *model) ready(lane string) (all []*modelJob) {
	for _, j := range m.jobs {
		if j.state != 'W' || j.Lane != lane {
			continue
		}
		older := m.count(func(x *modelJob) bool {
			return x.state == 'W' && x.Lane == lane && x.Server == j.Server && x.User == j.User && x.seq < j.seq
		})
		if u := m.user(j.Server, j.User); older == 0 && (u.max == 0 || m.running(j) == 0 || m.running(j)+j.Pictures <= u.max) {
			all = append(all, j)
		}
	}
	return all
}

// running counts the pictures of a job's user that are being painted.
func (m *model) running(j *modelJob) (n int) {
	for _, x := range m.jobs {
		if (x.state == 'L' || x.state == 'S') && x.Server == j.Server && x.User == j.User {
			n += x.Pictures
		}
	}
	return n
}

func (m *model) reserve(o Offer) (ids []string) {
	var ready []*modelJob
	for _, lane := range o.Lanes {
		ready = append(ready, m.line(lane.Name)...)
	}
	if len(ready) == 0 {
		return nil
	}
	place := func(j *modelJob) int { return slices.IndexFunc(o.Lanes, func(l Lane) bool { return l.Name == j.Lane }) }
	owed := func(a, b *modelJob) int { return cmp.Compare(m.server(a.Server).v, m.server(b.Server).v) }
	slices.SortStableFunc(ready, func(a, b *modelJob) int { return cmp.Or(owed(a, b), cmp.Compare(place(a), place(b))) })
	first, least := ready[0], m.server(ready[0].Server).v
	m.lease(first, least)
	for ids = []string{first.ID}; len(ids) < o.Max && first.Batch != ""; {
		heads := m.line(first.Lane)
		heads = heads[:min(len(heads), 16)]
		i := slices.IndexFunc(heads, func(j *modelJob) bool { return j.Batch == first.Batch })
		if i < 0 {
			break
		}
		m.lease(heads[i], least)
		ids = append(ids, heads[i].ID)
	}
	return ids
}

// line lists the jobs of a lane that may start, those who are owed most first.
func (m *model) line(lane string) []*modelJob {
	all := m.ready(lane)
	slices.SortFunc(all, func(a, b *modelJob) int {
		return cmp.Or(cmp.Compare(m.server(a.Server).v, m.server(b.Server).v), cmp.Compare(a.Server, b.Server),
			cmp.Compare(m.user(a.Server, a.User).v, m.user(b.Server, b.User).v), cmp.Compare(a.User, b.User))
	})
	return all
}

// lease starts a job when the least v of those who could be served was least.
func (m *model) lease(j *modelJob, least int64) {
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	leastUser := u.v
	for _, other := range m.ready(j.Lane) {
		if other.Server == j.Server {
			leastUser = min(leastUser, m.user(j.Server, other.User).v)
		}
	}
	servers, users := map[string]bool{}, map[string]bool{}
	for _, x := range m.jobs {
		if x.state != 'E' {
			servers[x.Server] = true
			users[x.User] = users[x.User] || x.Server == j.Server
		}
	}
	maps.DeleteFunc(users, func(_ string, here bool) bool { return !here })
	s.v, u.v = max(s.v, m.v-hoard), max(u.v, s.at-hoard)
	m.v = advanced(m.v, least, j.Cost, len(servers))
	s.at = advanced(s.at, leastUser, j.Cost, len(users))
	s.v, u.v = s.v+j.Cost, u.v+j.Cost
	m.fence++
	j.fence, j.state, j.since, j.until = m.fence, 'L', m.now, m.now.Add(m.o.Lease)
	j.attempts++
}

// advanced moves a virtual time on by an equal part of a cost for each of n, no further than a hoard above the least.
func advanced(v, least, cost int64, n int) int64 {
	return max(v, least, min(v+cost/int64(n), least+hoard))
}
