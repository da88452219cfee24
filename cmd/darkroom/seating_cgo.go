//go:build cgo

package main

import (
	"cmp"
	"sync"

	"darkroom/config"
	"darkroom/render"
)

// seating gives jobs that are painted at once their seats.
type seating struct {
	mu    sync.Mutex
	seats map[string]*render.Seat // by job
}

// Gather lays a seat for each job; see work.Gatherer.
func (s *seating) Gather(jobs []string) (over func(job string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seats == nil {
		s.seats = map[string]*render.Seat{}
	}
	for i, seat := range render.Sit(len(jobs)) {
		s.seats[jobs[i]] = seat
	}
	return s.leave
}

// of returns a job's seat; nil for one that is painted alone.
func (s *seating) of(job string) *render.Seat {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seats[job]
}

func (s *seating) leave(job string) {
	s.of(job).Leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seats, job)
}

// together is a painter that can paint several jobs at once.
type together struct {
	painter
	*seating
}

// gpuBatch is how many jobs a GPU paints at once where nothing else is asked for: more make a single picture wait longer
// than they save.
const gpuBatch = 4

// batch is how many jobs are painted at once. On the CPU a batch of two takes twice as long as one.
func batch(o config.Offer, d config.Device) int {
	if o.Batch == 0 && d.Kind != "cpu" {
		return gpuBatch
	}
	return cmp.Or(o.Batch, 1)
}
