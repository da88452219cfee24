package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Snapshot is the whole queue at one moment.
type Snapshot struct {
	At      time.Time   // by Redis's clock, like all times in it
	Waiting int         // jobs that wait, are paused or are delayed
	Running int         // jobs that a renderer has
	Jobs    []JobStatus // first the leased jobs, then the queue in its order, the paused, the delayed
	Paused  []Paused

	virtualTime int64
	accounts    map[string]accountRecord
}

// The values of JobStatus.State.
const (
	StateWaiting   = "waiting"
	StateDelayed   = "delayed"
	StateRendering = "rendering"
	StatePosting   = "posting"
)

// accountRecord is what a Snapshot has of an account.
type accountRecord struct {
	startTag, virtualTime int64
	maxRunning            int
	users                 map[string]accountRecord
}

// JobStatus is the state of one job.
type JobStatus struct {
	ID, Lane, Server, User string
	Needs                  []string // as in Job
	State                  string
	Position               int // 1 is served next; 0 unless waiting or delayed
	Percent                int
	Cost                   int64     // estimated milliseconds
	Cancelled              bool      // a person cancelled it
	Paused                 bool      // it waits, and its server, its lane, its model or the pool is paused
	Slot                   string    // the renderer that has it
	Since                  time.Time // when it was leased

	seq                  int64
	size                 int // images
	batchKey             string
	serverWeight, weight int       // percent
	due                  time.Time // the end of its delay
}

// Snapshot reads the queue. A position is the one that the job has if no other job is added, every renderer takes every
// lane and no user is at a limit. The queue is read in pieces: a job that moves meanwhile is shown in one of its two
// states.
func (q *Queue) Snapshot(ctx context.Context) (Snapshot, error) {
	s, err := q.readSnapshot(ctx)
	if err != nil {
		return Snapshot{}, fmt.Errorf("read snapshot: %w", err)
	}
	s.order()
	return s, nil
}

// Counts returns how many jobs wait and how many are leased. It is cheap.
func (q *Queue) Counts(ctx context.Context) (waiting, running int, err error) {
	r, err := q.run(ctx, countsScript, anyEpoch)
	if err != nil {
		return 0, 0, fmt.Errorf("count jobs: %w", err)
	}
	w, err := r.number(1)
	if err != nil {
		return 0, 0, fmt.Errorf("count jobs: %w", err)
	}
	h, err := r.number(2)
	if err != nil {
		return 0, 0, fmt.Errorf("count jobs: %w", err)
	}
	return int(w), int(h), nil
}

func (j *JobStatus) leased() bool { return j.State == StateRendering || j.State == StatePosting }

// order sorts the jobs and sets their positions.
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

// isPaused tells whether a pause applies to a job.
func (s *Snapshot) isPaused(j *JobStatus) bool {
	return slices.ContainsFunc(s.Paused, func(p Paused) bool {
		return p.Scope.Covers(j.Server, j.Lane)
	})
}

// drain starts all jobs, as if there were one lane.
func (r *fairQueue) drain() (queued []*JobStatus) {
	for s := r.nextServer(""); s != nil; s = r.nextServer("") {
		queued = append(queued, r.start(s.nextUser(""), "", s.startTag))
	}
	return queued
}
