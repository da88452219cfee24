package queue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// beginEpoch starts an epoch with an empty queue. Pauses stay.
func (m *model) beginEpoch(epoch int64) {
	fresh := newModel(m.o, m.now)
	fresh.epoch, fresh.began, fresh.pauses = epoch, m.now, m.pauses
	*m = *fresh
}

// clone is a copy of the model, to go back to.
func (m *model) clone() *model {
	c := *m
	c.jobs, c.servers, c.pauses = map[string]*modelJob{}, map[string]*modelAccount{}, maps.Clone(m.pauses)
	c.lastReserves, c.passedOver = maps.Clone(m.lastReserves), maps.Clone(m.passedOver)
	for id, j := range m.jobs {
		k := *j
		c.jobs[id] = &k
	}
	for name, s := range m.servers {
		t := *s
		t.users = map[string]*modelAccount{}
		for name, u := range s.users {
			w := *u
			t.users[name] = &w
		}
		c.servers[name] = &t
	}
	return &c
}

// unfinished lists the jobs that have not ended, the oldest first.
func (m *model) unfinished() (all []*modelJob) {
	for _, j := range m.jobs {
		if j.state != 'E' {
			all = append(all, j)
		}
	}
	slices.SortFunc(all, func(a, b *modelJob) int { return cmp.Compare(a.seq, b.seq) })
	return all
}

// lastReserve is what a slot's last call of Reserve returned.
type lastReserve struct {
	nonce  string
	at     time.Time
	leases []Lease
}

// repeatReserve answers a repeated call of Reserve: those of its leases that are still valid, extended.
func (m *model) repeatReserve(slot, nonce string) (ids []string, known bool) {
	last, known := m.lastReserves[slot]
	if !known || last.nonce != nonce {
		return nil, false
	}
	for _, l := range last.leases {
		if j := m.leased(l); j != nil {
			j.until = m.now.Add(m.o.Lease)
			ids = append(ids, j.ID)
		}
	}
	return ids, true
}

// recordReserve stores what a call of Reserve returned. The token's epoch does not matter here.
func (m *model) recordReserve(slot, nonce string, ids []string) {
	if len(ids) == 0 {
		return
	}
	n := lastReserve{nonce: nonce, at: m.now}
	for _, id := range ids {
		j := m.jobs[id]
		j.slot = slot
		n.leases = append(n.leases, Lease{Job: j.Job, Token: Token{Fence: j.fence}})
	}
	m.lastReserves[slot] = n
}

// forget deletes tombstones and records of Reserve that are too old, and tombstones that are too many.
func (m *model) forget() {
	maps.DeleteFunc(m.lastReserves, func(_ string, n lastReserve) bool { return n.at.Before(m.now.Add(-2 * m.o.Lease)) })
	var tombstones []string
	for id, j := range m.jobs {
		if j.state == 'E' {
			tombstones = append(tombstones, id)
		}
	}
	slices.SortFunc(tombstones, func(a, b string) int {
		return cmp.Or(m.jobs[a].until.Compare(m.jobs[b].until), cmp.Compare(a, b))
	})
	for i, id := range tombstones {
		if !m.jobs[id].until.After(m.now.Add(-m.o.KeepEnded)) || len(tombstones)-i > m.o.MaxEnded {
			delete(m.jobs, id)
		}
	}
}

// reclaim leases a job again to the slot that leased it in an earlier epoch.
func (m *model) reclaim(l Lease, slot string) Verdict {
	j, previous := m.jobs[l.Job.ID], l.Token
	switch {
	case previous.Epoch > m.epoch:
		return EpochChanged
	case previous.Epoch == m.epoch:
		return Stale
	case (j == nil || j.cancelledEarly && l.Sealed) && m.now.Before(m.began.Add(m.o.ReclaimGrace)):
		return EpochChanged
	case j != nil && j.state == 'E' && j.kind == JobCancelled:
		return Cancelled
	case j == nil, j.state == 'E':
		return Stale
	case j.state == 'W' || j.state == 'D':
		if j.fence != 0 {
			return Stale // another renderer had it in this epoch
		}
		j.previousToken, j.slot = previous, slot
		s, u := m.server(j.Server), m.user(j.Server, j.User)
		s.startTag, u.startTag = max(s.startTag, m.virtualTime-maxCatchUp), max(u.startTag, s.virtualTime-maxCatchUp)
		m.start(j)
		j.maybePosted = j.maybePosted || l.Sealed
		if l.Sealed && !j.cancel {
			j.state = 'S'
		}
	case j.previousToken != previous || j.slot != slot:
		return Stale
	}
	j.until = m.now.Add(m.o.Lease)
	if l.Sealed && j.cancel {
		return Cancelled // but leased, to be checked
	}
	return OK
}

func (m *model) pause(s Scope, on bool) {
	delete(m.pauses, s)
	if on {
		m.pauses[s] = true
	}
}

// isPaused tells whether a pause keeps a job from starting.
func (m *model) isPaused(j *modelJob) bool {
	model := strings.Join(strings.Split(j.Lane, ":")[:2], ":")
	return m.pauses[Scope{}] || m.pauses[Scope{Server: j.Server}] || m.pauses[Scope{Lane: j.Lane}] ||
		m.pauses[Scope{Lane: model}]
}
