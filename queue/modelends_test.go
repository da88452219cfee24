package queue

import (
	"slices"
	"time"
)

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
	s.v = max(0, s.v+priced(actual, j.ServerWeight)-priced(j.Cost, j.ServerWeight))
	u.v = max(0, u.v+priced(actual, j.Weight)-priced(j.Cost, j.Weight))
}

func (m *model) end(j *modelJob, kind Kind, actual int64) {
	m.pay(j, actual)
	j.state, j.kind, j.until = 'E', kind, m.now
	m.settled()
}

// took is how long a job has been held, by a clock that may have been set back.
func (m *model) took(j *modelJob) int64 { return max(0, m.now.Sub(j.since).Milliseconds()) }

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
	m.end(j, Gone, m.took(j))
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

// fail is told of an error, or of a crash.
func (m *model) fail(l Lease, retry, crash bool) (final bool) {
	j := m.held(l)
	switch {
	case j == nil:
		return m.ended(l, Failed)
	case m.dropped(j, false):
		return false
	case crash && j.state == 'L':
		return m.crashed(j)
	}
	j.errors++
	return m.again(j, min(m.o.Backoff<<(j.errors-1), m.o.MaxBackoff), !retry || j.errors >= m.o.MaxErrors)
}

// crashed is what a lease that ran out counts for, and a renderer that was brought down.
func (m *model) crashed(j *modelJob) bool {
	j.crashes++
	return m.again(j, 0, j.crashes >= m.o.MaxCrashes)
}

// again gives a job back or gives it up.
func (m *model) again(j *modelJob, delay time.Duration, final bool) bool {
	switch {
	case !final:
		m.give(j, delay)
		return false
	case j.cancel:
		m.end(j, Gone, m.took(j))
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
	case j == nil:
		m.jobs[id] = &modelJob{state: 'E', kind: Gone, early: true, until: m.now}
		return Unknown
	case j.state == 'E' && (j.kind != Gone || j.early):
		return Unknown
	case j.state == 'E':
		return Removed
	case j.state == 'S':
		return Posting
	case j.state == 'D' && j.fence == 0:
		return Away
	case j.state == 'L' || j.look:
		j.cancel = true
		return Stopping
	}
	j.state, j.kind, j.until = 'E', Gone, m.now
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
			m.crashed(j)
		}
	}
	for _, j := range due {
		n++
		j.state = 'W'
	}
	m.forget()
	return n
}
