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
	At      time.Time   // by Redis's clock, as all times in it
	Waiting int         // jobs in line, paused, or waiting out a delay
	Running int         // jobs a renderer holds
	Jobs    []JobStatus // held ones first, then the line in the order it will be served, the paused, the delayed
	Paused  []Paused

	virtualTime int64 // the virtual time
	accounts    map[string]accountRecord
}

// The values of JobStatus.State.
const (
	StateWaiting   = "waiting"
	StateDelayed   = "delayed"
	StateRendering = "rendering"
	StatePosting   = "posting"
)

// tally is what a Snapshot knows of an account.
type accountRecord struct {
	startTag, virtualTime int64
	maxRunning            int
	users                 map[string]accountRecord
}

// Standing is where one job stands.
type JobStatus struct {
	ID, Lane, Server, User string
	State                  string
	Position               int // 1 is served next, as things are; 0 unless waiting or delayed
	Percent                int
	Cost                   int64     // estimated milliseconds
	Cancelled              bool      // a person cancelled it, and its renderer was told
	Paused                 bool      // it waits, and its server, its lane or the pool is paused
	Slot                   string    // who holds it
	Since                  time.Time // when it was leased, if it is held
	Enqueued               time.Time // when it joined the line, in this epoch

	seq                  int64
	size                 int // pictures
	batchKey             string
	serverWeight, weight int       // percent
	due                  time.Time // the end of its delay
}

// Snapshot reads the line. Places are those it would have if nobody joined it, every renderer took every lane and no
// user was at a limit. It is read in pieces: a job that moves meanwhile may stand where it was or where it is.
func (q *Queue) Snapshot(ctx context.Context) (Snapshot, error) {
	s, err := q.readSnapshot(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read the line: %w", err)
	}
	s.order()
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

func (j *JobStatus) leased() bool { return j.State == StateRendering || j.State == StatePosting }

// order sorts the jobs and gives them their places.
func (s *Snapshot) order() {
	slices.SortFunc(s.Jobs, func(a, b JobStatus) int { return cmp.Compare(a.seq, b.seq) })
	var held, paused, delayed []*JobStatus
	queued := newFairQueue(*s, false)
	for i := range s.Jobs {
		switch j := &s.Jobs[i]; {
		case j.leased():
			held = append(held, j)
		case s.isPaused(j):
			j.Paused = true
			paused = append(paused, j)
		case j.State == StateDelayed:
			delayed = append(delayed, j)
		default:
			queued.add(j, "")
		}
	}
	var all []JobStatus
	for _, j := range slices.Concat(held, queued.drain(), paused, delayed) {
		all = append(all, *j)
	}
	s.Jobs, s.Running, s.Waiting = all, len(held), len(all)-len(held)
	for i := range all[len(held):] {
		all[len(held)+i].Position = i + 1
	}
}

// pauses tells whether a pause is in force for a job.
func (s *Snapshot) isPaused(j *JobStatus) bool {
	return slices.ContainsFunc(s.Paused, func(p Paused) bool {
		return p.Scope == Scope{} || p.Scope == Scope{Server: j.Server} || p.Scope == Scope{Lane: j.Lane}
	})
}

// all starts everything, as if there were one lane.
func (r *fairQueue) drain() (queued []*JobStatus) {
	for s := r.nextServer(""); s != nil; s = r.nextServer("") {
		queued = append(queued, r.start(s.nextUser(""), "", s.startTag))
	}
	return queued
}
