package onnx

import (
	"runtime"
	"sync"
)

// lockedThread runs functions one after the other on one thread of the system.
type lockedThread struct {
	mu   sync.Mutex
	jobs chan func() // nil while it does not run
}

// do runs a function on the thread, which is started if it was not, and returns when the function has returned.
func (t *lockedThread) do(run func() error) (err error) {
	done := make(chan struct{})
	t.mu.Lock()
	if t.jobs == nil {
		t.jobs = make(chan func())
		go serveLocked(t.jobs)
	}
	jobs := t.jobs
	t.mu.Unlock()
	jobs <- func() {
		defer close(done)
		err = run()
	}
	<-done
	return err
}

func serveLocked(jobs <-chan func()) {
	runtime.LockOSThread() // the thread ends with this goroutine
	for run := range jobs {
		run()
	}
}

// stop ends the thread. No function may be running.
func (t *lockedThread) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.jobs != nil {
		close(t.jobs)
		t.jobs = nil
	}
}
