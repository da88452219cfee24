package queue

import (
	"slices"
	"time"
)

// leased finds the job of a lease that is still valid.
func (m *model) leased(l Lease) *modelJob {
	if j := m.jobs[l.Job.ID]; j != nil && j.fence == l.Token.Fence && (j.state == 'L' || j.state == 'S') {
		return j
	}
	return nil
}

// ended tells whether the lease's own end was of a kind.
func (m *model) ended(l Lease, kind EventKind) bool {
	j := m.jobs[l.Job.ID]
	return j != nil && j.state == 'E' && j.fence == l.Token.Fence && j.kind == kind
}

func (m *model) settleCharge(j *modelJob, actual int64) {
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	s.startTag = max(0, s.startTag+modelCost(actual, j.ServerWeight)-modelCost(j.Cost, j.ServerWeight))
	u.startTag = max(0, u.startTag+modelCost(actual, j.Weight)-modelCost(j.Cost, j.Weight))
}

func (m *model) end(j *modelJob, kind EventKind, actual int64) {
	m.settleCharge(j, actual)
	j.state, j.kind, j.until = 'E', kind, m.now
	m.forgetIdle()
}

// leasedMillis is how long a job has been leased, by a clock that may have been set back.
func (m *model) leasedMillis(j *modelJob) int64 { return max(0, m.now.Sub(j.since).Milliseconds()) }

// requeue returns a leased job to the queue.
func (m *model) requeue(j *modelJob, delay time.Duration) {
	m.settleCharge(j, 0)
	j.maybePosted = j.maybePosted || j.state == 'S'
	j.state = 'W'
	if delay > 0 {
		j.state, j.until = 'D', m.now.Add(delay)
	}
}

// endIfCancelled ends a job whose holder must stop because of a cancel.
func (m *model) endIfCancelled(j *modelJob, looked bool) bool {
	if j.state != 'L' || !j.cancel || j.maybePosted && !looked {
		return false
	}
	m.end(j, JobCancelled, m.leasedMillis(j))
	return true
}

func (m *model) heartbeat(l Lease) Verdict {
	j := m.leased(l)
	switch {
	case j != nil && j.cancel, m.ended(l, JobCancelled):
		if j != nil {
			j.until = m.now.Add(m.o.Lease)
		}
		return Cancelled
	case j != nil:
		j.until = m.now.Add(m.o.Lease)
		return OK
	case m.ended(l, JobDone), m.ended(l, JobFailed):
		return OK
	}
	return Stale
}

func (m *model) seal(l Lease) Verdict {
	j := m.leased(l)
	switch {
	case j == nil && m.ended(l, JobCancelled), j != nil && m.endIfCancelled(j, true):
		return Cancelled
	case j == nil:
		return Stale
	}
	j.state, j.until = 'S', m.now.Add(m.o.Lease)
	return OK
}

func (m *model) done(l Lease, actual int64) Verdict {
	j := m.leased(l)
	switch {
	case j == nil && m.ended(l, JobDone):
		return OK
	case j == nil && m.ended(l, JobCancelled), j != nil && m.endIfCancelled(j, false):
		return Cancelled
	case j == nil:
		return Stale
	}
	m.end(j, JobDone, actual)
	return OK
}

// fail reports an error, or a crash.
func (m *model) fail(l Lease, retry, crash bool) (final bool) {
	j := m.leased(l)
	switch {
	case j == nil:
		return m.ended(l, JobFailed)
	case m.endIfCancelled(j, false):
		return false
	case crash && j.state == 'L':
		return m.crashed(j)
	}
	j.errors++
	return m.retryOrEnd(j, min(m.o.Backoff<<(j.errors-1), m.o.MaxBackoff), !retry || j.errors >= m.o.MaxErrors)
}

// crashed is a lease that ran out, or a renderer that the job brought down.
func (m *model) crashed(j *modelJob) bool {
	j.crashes++
	return m.retryOrEnd(j, 0, j.crashes >= m.o.MaxCrashes)
}

// retryOrEnd requeues a job or ends it.
func (m *model) retryOrEnd(j *modelJob, delay time.Duration, final bool) bool {
	switch {
	case !final:
		m.requeue(j, delay)
		return false
	case j.cancel:
		m.end(j, JobCancelled, m.leasedMillis(j))
		return false
	}
	m.end(j, JobFailed, 0)
	return true
}

func (m *model) release(l Lease, looked bool) Verdict {
	j := m.leased(l)
	mine := m.jobs[l.Job.ID]
	switch {
	case j == nil && mine != nil && mine.state == 'W' && mine.fence == l.Token.Fence:
		return OK
	case j == nil && m.ended(l, JobCancelled), j != nil && m.endIfCancelled(j, looked):
		return Cancelled
	case j == nil:
		return Stale
	}
	j.attempts--
	m.requeue(j, 0)
	return OK
}

// cancel cancels a job for a person. elsewhere says that it has ended elsewhere.
func (m *model) cancel(id string, elsewhere bool) CancelResult {
	j := m.jobs[id]
	switch {
	case j == nil:
		m.jobs[id] = &modelJob{state: 'E', kind: JobCancelled, cancelledEarly: true, until: m.now}
		return CancelUnknown
	case j.state == 'E' && (j.kind != JobCancelled || j.cancelledEarly):
		return CancelUnknown
	case j.state == 'E':
		return CancelRemoved
	case j.state == 'S':
		return CancelPosting
	case j.state == 'D' && j.fence == 0 && !elsewhere:
		return CancelUnclaimed
	case j.state == 'D' && j.fence == 0, j.state == 'L' || j.maybePosted:
		j.cancel = true
		return CancelStopping
	}
	j.state, j.kind, j.until = 'E', JobCancelled, m.now
	m.forgetIdle()
	return CancelRemoved
}

// giveUp ends a job that no renderer can take, unless one has it or may reclaim it.
func (m *model) giveUp(id string) bool {
	j := m.jobs[id]
	if j == nil || !slices.Contains([]byte("WD"), j.state) || j.state == 'D' && j.fence == 0 {
		return false
	}
	j.state, j.kind, j.until = 'E', JobFailed, m.now
	if j.cancel {
		j.kind = JobCancelled
	}
	m.forgetIdle()
	return true
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
		m.endLease(j)
	}
	for _, j := range due {
		n++
		j.state = 'W'
		if j.fence == 0 && !j.cancel { // the renderer that had it in the epoch before did not come back
			if j.crashes++; j.crashes >= m.o.MaxCrashes {
				j.state, j.kind, j.until = 'E', JobFailed, m.now
				m.forgetIdle()
			}
		}
	}
	m.forget()
	return n
}

// endLease is what becomes of a job whose renderer was lost.
func (m *model) endLease(j *modelJob) {
	switch {
	case m.endIfCancelled(j, false):
	case j.state == 'S':
		j.errors++
		m.retryOrEnd(j, 0, j.errors >= m.o.MaxErrors)
	default:
		m.crashed(j)
	}
}

// rendererDied ends the leases of a slot, and does what reap does. Blameless jobs are released.
func (m *model) rendererDied(slot string, blameless bool) {
	for _, j := range m.unfinished() {
		switch held := (j.state == 'L' || j.state == 'S') && j.slot == slot; {
		case held && !blameless:
			m.endLease(j)
		case held && !m.endIfCancelled(j, false):
			j.attempts--
			m.requeue(j, 0)
		}
	}
	m.reap()
}
