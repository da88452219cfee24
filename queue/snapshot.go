package queue

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Snapshot is the whole line at one moment.
type Snapshot struct {
	Waiting int        // jobs in line or waiting out a delay
	Running int        // jobs a renderer holds
	Jobs    []Standing // held ones first, then the line in the order it will be served, then the delayed
}

// Standing is where one job stands.
type Standing struct {
	ID, Lane, Server, User string
	State                  string // "waiting", "delayed", "painting" or "posting"
	Place                  int    // 1 is served next, as things are; 0 unless waiting or delayed
	Percent                int
	Cost                   int64 // estimated milliseconds
	Cancelled              bool  // a person cancelled it, and its renderer was told

	seq int64
}

// Snapshot reads the line. Places are those it would have if nobody joined it, every renderer took every lane and no
// user was at a limit.
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

// Position returns a job's place, 1 being next, and how many wait. The place of a job that is being painted is 0.
// It returns ErrNotFound for a job that the queue does not hold.
func (q *Queue) Position(ctx context.Context, id string) (place, of int, err error) {
	s, err := q.Snapshot(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, j := range s.Jobs {
		if j.ID == id {
			return j.Place, s.Waiting, nil
		}
	}
	return 0, s.Waiting, fmt.Errorf("position of job %s: %w", id, ErrNotFound)
}

func readSnapshot(r reply) (Snapshot, error) {
	var held, delayed []Standing
	line, err := readAccounts(r)
	if err != nil {
		return Snapshot{}, err
	}
	for _, raw := range r.list(3) {
		words, _ := raw.([]any)
		j, err := readStanding(words)
		if err != nil {
			return Snapshot{}, err
		}
		switch j.State {
		case "waiting":
			line.add(j)
		case "delayed":
			delayed = append(delayed, j)
		default:
			held = append(held, j)
		}
	}
	slices.SortFunc(delayed, func(a, b Standing) int { return cmp.Compare(a.seq, b.seq) })
	waiting := append(line.order(), delayed...)
	for i := range waiting {
		waiting[i].Place = i + 1
	}
	return Snapshot{Waiting: len(waiting), Running: len(held), Jobs: append(held, waiting...)}, nil
}

// readStanding reads id, state, lane, server, user, cost, seq, percent, cancelled.
func readStanding(w reply) (j Standing, err error) {
	states := map[string]string{"W": "waiting", "D": "delayed", "L": "painting", "S": "posting"}
	j = Standing{ID: w.text(0), State: states[w.text(1)], Lane: unescape(w.text(2)), Server: unescape(w.text(3)),
		User: unescape(w.text(4)), Cancelled: w.text(8) == "1"}
	if j.Cost, err = w.number(5); err != nil {
		return j, err
	}
	if j.seq, err = w.number(6); err != nil {
		return j, err
	}
	percent, err := w.number(7)
	j.Percent = int(percent)
	return j, err
}
