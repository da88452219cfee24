package worker

import (
	"cmp"
	"sync"

	"darkroom/render"
)

// batchSlots gives the jobs of a batch their slots in the joint runs of the model.
type batchSlots struct {
	mu    sync.Mutex
	slots map[string]*render.BatchSlot // by job
}

// BeginBatch makes a slot for each job; see BatchRenderer.
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

// of returns a job's slot; nil for one that is rendered alone.
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

// batchRenderer is a SpecRenderer that can render several jobs at once.
type batchRenderer struct {
	SpecRenderer
	*batchSlots
}

// gpuBatchSize is how many jobs a GPU renders at once where nothing else is asked for: more make a single image wait
// longer than they save.
const gpuBatchSize = 4

// BatchSize is how many jobs are rendered at once: as asked, or what fits the device for 0. On the CPU a batch of two
// takes twice as long as one.
func BatchSize(asked int, onCPU bool) int {
	if asked == 0 && !onCPU {
		return gpuBatchSize
	}
	return cmp.Or(asked, 1)
}
