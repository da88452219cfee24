package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Snapshot is the whole line at one moment.
type Snapshot struct {
	At      time.Time  // by Redis's clock, as all times in it
	Waiting int        // jobs in line, paused, or waiting out a delay
	Running int        // jobs a renderer holds
	Jobs    []Standing // held ones first, then the line in the order it will be served, the paused, the delayed
	Paused  []Paused

	v       int64 // the virtual time
	tallies map[string]tally
}

// tally is what a Snapshot knows of an account.
type tally struct {
	v, at int64
	max   int
	users map[string]tally
}

// Standing is where one job stands.
type Standing struct {
	ID, Lane, Server, User string
	State                  string // "waiting", "delayed", "painting" or "posting"
	Place                  int    // 1 is served next, as things are; 0 unless waiting or delayed
	Percent                int
	Cost                   int64     // estimated milliseconds
	Cancelled              bool      // a person cancelled it, and its renderer was told
	Paused                 bool      // it waits, and its server, its lane or the pool is paused
	Slot                   string    // who holds it
	Since                  time.Time // when it was leased, if it is held
	Enqueued               time.Time // when it joined the line, in this epoch

	seq                  int64
	size                 int // pictures
	batch                string
	serverWeight, weight int       // percent
	due                  time.Time // the end of its delay
}

// Snapshot reads the line. Places are those it would have if nobody joined it, every renderer took every lane and no
// user was at a limit. It takes Redis about a millisecond for each hundred jobs: ask for it each few seconds, not for
// each of many.
func (q *Queue) Snapshot(ctx context.Context) (Snapshot, error) {
	r, err := q.run(ctx, snapshotScript, anyEpoch)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read the line: %w", err)
	}
	s, err := readSnapshot(r)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read the line: %w", err)
	}
	return s, nil
}

// Counts tells how many jobs wait and how many are held. It is cheap.
func (q *Queue) Counts(ctx context.Context) (waiting, running int, err error) {
	r, err := q.run(ctx, countsScript, anyEpoch)
	if err != nil {
		return 0, 0, fmt.Errorf("count the line: %w", err)
	}
	w, err := r.number(1)
	if err != nil {
		return 0, 0, fmt.Errorf("count the line: %w", err)
	}
	h, err := r.number(2)
	if err != nil {
		return 0, 0, fmt.Errorf("count the line: %w", err)
	}
	return int(w), int(h), nil
}

func readSnapshot(r reply) (s Snapshot, err error) {
	n := numbers{reply: r}
	s.v, s.At = n.at(1), n.time(4)
	if s.Paused, err = readPauses(r.list(5)); err != nil {
		return s, err
	}
	s.tallies = map[string]tally{}
	for _, raw := range r.list(2) {
		words, _ := raw.([]any)
		name, t, err := readTally(words)
		if err != nil {
			return s, err
		}
		s.tallies[name] = t
	}
	for _, raw := range r.list(3) {
		words, _ := raw.([]any)
		j, err := readStanding(words)
		if err != nil {
			return s, err
		}
		s.Jobs = append(s.Jobs, j)
	}
	s.order()
	return s, n.err
}

// readTally reads name, v, V, {user, v, most running, ...}.
func readTally(w reply) (string, tally, error) {
	n := numbers{reply: w}
	t := tally{v: n.at(1), at: n.at(2), users: map[string]tally{}}
	users := numbers{reply: w.list(3)}
	for i := 0; i+2 < len(users.reply); i += 3 {
		t.users[unescape(users.text(i))] = tally{v: users.at(i + 1), max: int(users.at(i + 2))}
	}
	return unescape(w.text(0)), t, cmp.Or(n.err, users.err)
}

// readStanding reads the words that lua/snapshot.lua lists.
func readStanding(w reply) (Standing, error) {
	states := map[string]string{"W": "waiting", "D": "delayed", "L": "painting", "S": "posting"}
	n := numbers{reply: w}
	j := Standing{
		ID: w.text(0), State: states[w.text(1)], Lane: unescape(w.text(2)), Server: unescape(w.text(3)), User: unescape(w.text(4)),
		Cost: n.at(5), seq: n.at(6), Percent: int(n.at(7)), Cancelled: w.text(8) == "1", size: int(n.at(9)), batch: w.text(10),
		serverWeight: int(n.at(11)), weight: int(n.at(12)), Slot: w.text(13), Since: n.time(14), Enqueued: n.time(15), due: n.time(16),
	}
	if !j.held() {
		j.Slot, j.Since = "", time.Time{}
	}
	return j, n.err
}

func (j *Standing) held() bool { return j.State == "painting" || j.State == "posting" }

// numbers reads numbers out of an answer and keeps the first error.
type numbers struct {
	reply
	err error
}

func (n *numbers) at(i int) int64 {
	x, err := n.number(i)
	n.err = cmp.Or(n.err, err)
	return x
}

func (n *numbers) time(i int) time.Time { return time.UnixMilli(n.at(i)) }

// order sorts the jobs and gives them their places.
func (s *Snapshot) order() {
	slices.SortFunc(s.Jobs, func(a, b Standing) int { return cmp.Compare(a.seq, b.seq) })
	var held, paused, delayed []*Standing
	line := newReplay(*s, false)
	for i := range s.Jobs {
		switch j := &s.Jobs[i]; {
		case j.held():
			held = append(held, j)
		case s.pauses(j):
			j.Paused = true
			paused = append(paused, j)
		case j.State == "delayed":
			delayed = append(delayed, j)
		default:
			line.wait(j, "")
		}
	}
	var all []Standing
	for _, j := range slices.Concat(held, line.all(), paused, delayed) {
		all = append(all, *j)
	}
	s.Jobs, s.Running, s.Waiting = all, len(held), len(all)-len(held)
	for i := range all[len(held):] {
		all[len(held)+i].Place = i + 1
	}
}

// pauses tells whether a pause is in force for a job.
func (s *Snapshot) pauses(j *Standing) bool {
	return slices.ContainsFunc(s.Paused, func(p Paused) bool {
		return p.Scope == Scope{} || p.Scope == Scope{Server: j.Server} || p.Scope == Scope{Lane: j.Lane}
	})
}

// all starts everything, as if there were one lane.
func (r *replay) all() (line []*Standing) {
	for s := r.first(""); s != nil; s = r.first("") {
		line = append(line, r.start(s.first(""), "", s.v))
	}
	return line
}
