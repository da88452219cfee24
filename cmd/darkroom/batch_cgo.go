//go:build cgo

package main

import (
	"cmp"
	"sync"

	"darkroom/config"
	"darkroom/render"
)

// seating gives jobs that are painted at once their seats.
type batchSlots struct {
	mu    sync.Mutex
	slots map[string]*render.BatchSlot // by job
}

// Gather lays a seat for each job; see work.Gatherer.
func (s *batchSlots) BeginBatch(jobs []string) (over func(job string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots == nil {
		s.slots = map[string]*render.BatchSlot{}
	}
	for i, slot := range render.NewBatch(len(jobs)) {
		s.slots[jobs[i]] = slot
	}
	return s.release
}

// of returns a job's seat; nil for one that is painted alone.
func (s *batchSlots) of(job string) *render.BatchSlot {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slots[job]
}

func (s *batchSlots) release(job string) {
	s.of(job).Release()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.slots, job)
}

// together is a painter that can paint several jobs at once.
type batchJobRenderer struct {
	jobRenderer
	*batchSlots
}

// gpuBatchSize is how many jobs a GPU paints at once where nothing else is asked for: more make a single picture wait longer
// than they save.
const gpuBatchSize = 4

// batch is how many jobs are painted at once. On the CPU a batch of two takes twice as long as one.
func batchSize(o config.Worker, d config.Device) int {
	if o.Batch == 0 && d.Kind != "cpu" {
		return gpuBatchSize
	}
	return cmp.Or(o.Batch, 1)
}
