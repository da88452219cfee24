package queue

import (
	"cmp"
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
	look, cancel              bool
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
	if m.jobs[j.ID] != nil {
		return true
	}
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	if !m.busyServer(j.Server) {
		s.v = max(s.v, m.v)
	}
	if !m.busyUser(j.Server, j.User) {
		u.v = max(u.v, s.at)
	}
	u.max = j.MaxRunning
	m.seq++
	m.jobs[j.ID] = &modelJob{Job: j, state: 'W', seq: m.seq, look: j.Look}
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
	lanes := o.Lanes
	for len(ids) < o.Max {
		j := m.next(lanes)
		if j == nil {
			break
		}
		m.lease(j)
		ids, lanes = append(ids, j.ID), Lanes(j.Lane)
	}
	return ids
}

func (m *model) next(lanes []Lane) *modelJob {
	var all []*modelJob
	for _, lane := range lanes {
		all = append(all, m.ready(lane.Name)...)
	}
	place := func(j *modelJob) int { return slices.IndexFunc(lanes, func(l Lane) bool { return l.Name == j.Lane }) }
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b *modelJob) int {
		return cmp.Or(cmp.Compare(m.server(a.Server).v, m.server(b.Server).v),
			cmp.Compare(place(a), place(b)),
			cmp.Compare(a.Server, b.Server),
			cmp.Compare(m.user(a.Server, a.User).v, m.user(b.Server, b.User).v),
			cmp.Compare(a.User, b.User))
	})
}

func (m *model) lease(j *modelJob) {
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	s.v, u.v = max(s.v, m.v-hoard), max(u.v, s.at-hoard)
	m.v, s.at = max(m.v, s.v), max(s.at, u.v)
	s.v, u.v = s.v+j.Cost, u.v+j.Cost
	m.fence++
	j.fence, j.state, j.since, j.until = m.fence, 'L', m.now, m.now.Add(m.o.Lease)
	j.attempts++
}
