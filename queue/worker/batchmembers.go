package worker

import (
	"cmp"
	"sync"

	"darkroom/render"
)

// batchMembers knows which jobs are rendered together, in joint runs of the model.
type batchMembers struct {
	mu      sync.Mutex
	members map[string]*render.BatchMember // by job
}

// BeginBatch makes each job a member of a new batch; see BatchRenderer.
func (s *batchMembers) BeginBatch(jobs []string) (over func(job string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members == nil {
		s.members = map[string]*render.BatchMember{}
	}
	for i, member := range render.NewBatch(len(jobs)) {
		s.members[jobs[i]] = member
	}
	return s.leave
}

// of returns a job as a member of its batch; nil for one that is rendered alone.
func (s *batchMembers) of(job string) *render.BatchMember {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.members[job]
}

func (s *batchMembers) leave(job string) {
	s.of(job).Leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.members, job)
}

// batchRenderer is a SpecRenderer that can render several jobs at once.
type batchRenderer struct {
	SpecRenderer
	*batchMembers
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
