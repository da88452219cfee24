package delivery

import (
	"maps"
	"sync"
	"time"
)

const (
	// firstAttemptPause is how long after a first failure the same thing is tried again.
	firstAttemptPause = time.Second
	// maxAttemptPause is the longest pause between tries.
	maxAttemptPause = 10 * time.Minute
	// deliverFor is for how long an end is tried to be shown. What Discord takes nowhere by then goes into the inbox.
	deliverFor = 24 * time.Hour
)

// attempts spaces the tries of what failed, by job: the pause is twice as long each time. One place that does not
// answer must neither hold up the others nor be asked so often that Discord blocks the bot.
type attempts struct {
	mu     sync.Mutex
	failed map[string]attempt
}

type attempt struct {
	next  time.Time
	pause time.Duration
}

func newAttempts() *attempts { return &attempts{failed: map[string]attempt{}} }

// due tells whether it is time to try a job, for the first time or again.
func (a *attempts) due(id string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !now.Before(a.failed[id].next)
}

// fail notes that a try failed. It also forgets jobs that nobody has tried for long.
func (a *attempts) fail(id string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.failed, func(_ string, f attempt) bool { return now.Sub(f.next) > 6*maxAttemptPause })
	pause := min(max(2*a.failed[id].pause, firstAttemptPause), maxAttemptPause)
	a.failed[id] = attempt{next: now.Add(pause), pause: pause}
}

// forget drops a job that was dealt with.
func (a *attempts) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.failed, id)
}
