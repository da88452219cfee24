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
		ids, lanes = append(ids, j.ID), []string{j.Lane}
	}
	return ids
}

func (m *model) next(lanes []string) *modelJob {
	var all []*modelJob
	for _, lane := range lanes {
		all = append(all, m.ready(lane)...)
	}
	if len(all) == 0 {
		return nil
	}
	return slices.MinFunc(all, func(a, b *modelJob) int {
		return cmp.Or(cmp.Compare(m.server(a.Server).v, m.server(b.Server).v),
			cmp.Compare(slices.Index(lanes, a.Lane), slices.Index(lanes, b.Lane)),
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

// held finds the job of a lease that is still good.
func (m *model) held(l Lease) *modelJob {
	if j := m.jobs[l.Job.ID]; j != nil && j.fence == l.Token.Fence && (j.state == 'L' || j.state == 'S') {
		return j
	}
	return nil
}

// ended tells whether the lease's own end was of a kind.
func (m *model) ended(l Lease, kind Kind) bool {
	j := m.jobs[l.Job.ID]
	return j != nil && j.state == 'E' && j.fence == l.Token.Fence && j.kind == kind
}

func (m *model) pay(j *modelJob, actual int64) {
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	s.v, u.v = max(0, s.v+actual-j.Cost), max(0, u.v+actual-j.Cost)
}

func (m *model) end(j *modelJob, kind Kind, actual int64) {
	m.pay(j, actual)
	j.state, j.kind, j.until = 'E', kind, m.now
	m.settled()
}

// give returns a held job to the line.
func (m *model) give(j *modelJob, delay time.Duration) {
	m.pay(j, 0)
	j.look = j.look || j.state == 'S'
	j.state = 'W'
	if delay > 0 {
		j.state, j.until = 'D', m.now.Add(delay)
	}
}

// dropped ends a job whose holder may not go on because of a cancel.
func (m *model) dropped(j *modelJob, looked bool) bool {
	if j.state != 'L' || !j.cancel || j.look && !looked {
		return false
	}
	m.end(j, Gone, m.now.Sub(j.since).Milliseconds())
	return true
}

func (m *model) beat(l Lease) Verdict {
	j := m.held(l)
	switch {
	case j != nil && j.cancel, m.ended(l, Gone):
		if j != nil {
			j.until = m.now.Add(m.o.Lease)
		}
		return Cancelled
	case j != nil:
		j.until = m.now.Add(m.o.Lease)
		return OK
	case m.ended(l, Done), m.ended(l, Failed):
		return OK
	}
	return Stale
}

func (m *model) seal(l Lease) Verdict {
	j := m.held(l)
	switch {
	case j == nil && m.ended(l, Gone), j != nil && m.dropped(j, true):
		return Cancelled
	case j == nil:
		return Stale
	}
	j.state, j.until = 'S', m.now.Add(m.o.Lease)
	return OK
}

func (m *model) done(l Lease, actual int64) Verdict {
	j := m.held(l)
	switch {
	case j == nil && m.ended(l, Done):
		return OK
	case j == nil && m.ended(l, Gone), j != nil && m.dropped(j, false):
		return Cancelled
	case j == nil:
		return Stale
	}
	m.end(j, Done, actual)
	return OK
}

func (m *model) fail(l Lease, retry bool) (final bool) {
	j := m.held(l)
	if j == nil {
		return m.ended(l, Failed)
	}
	if m.dropped(j, false) {
		return false
	}
	j.errors++
	return m.again(j, min(m.o.Backoff<<(j.errors-1), m.o.MaxBackoff), !retry || j.errors >= m.o.MaxErrors)
}

// again gives a job back or gives it up.
func (m *model) again(j *modelJob, delay time.Duration, final bool) bool {
	switch {
	case !final:
		m.give(j, delay)
		return false
	case j.cancel:
		m.end(j, Gone, m.now.Sub(j.since).Milliseconds())
		return false
	}
	m.end(j, Failed, 0)
	return true
}

func (m *model) release(l Lease, looked bool) Verdict {
	j := m.held(l)
	mine := m.jobs[l.Job.ID]
	switch {
	case j == nil && mine != nil && mine.state == 'W' && mine.fence == l.Token.Fence:
		return OK
	case j == nil && m.ended(l, Gone), j != nil && m.dropped(j, looked):
		return Cancelled
	case j == nil:
		return Stale
	}
	j.attempts--
	m.give(j, 0)
	return OK
}

func (m *model) cancel(id string) CancelAnswer {
	j := m.jobs[id]
	switch {
	case j == nil, j.state == 'E' && j.kind != Gone:
		return Unknown
	case j.state == 'E':
		return Removed
	case j.state == 'S':
		return Posting
	case j.state == 'L' || j.look:
		j.cancel = true
		return Stopping
	}
	j.state, j.kind = 'E', Gone
	m.settled()
	return Removed
}

func (m *model) reap() (n int) {
	late := func(state string) (all []*modelJob) {
		for _, j := range m.jobs {
			if j.state != 'E' && !j.until.After(m.now) && slices.Contains([]byte(state), j.state) {
				all = append(all, j)
			}
		}
		return all
	}
	due := late("D")
	for _, j := range late("LS") {
		n++
		switch {
		case m.dropped(j, false):
		case j.state == 'S':
			j.errors++
			m.again(j, 0, j.errors >= m.o.MaxErrors)
		default:
			j.crashes++
			m.again(j, 0, j.crashes >= m.o.MaxCrashes)
		}
	}
	for _, j := range due {
		n++
		j.state = 'W'
	}
	return n
}
