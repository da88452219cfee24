package rest

import (
	"slices"

	"darkroom/queue"
)

// keptLeft is how many jobs are remembered whose images were left to the bot. Only jobs that this renderer still holds
// count.
const keptLeft = 256

// leftJob is a job whose images were left to the bot.
type leftJob struct {
	id          string
	maybePosted bool
	byToken     bool // the bot may use the token
}

// leave notes that a job's images are left to the bot. It returns what it noted, and whether that is new.
func (p *Poster) leave(job queue.Job, byToken bool) (left leftJob, isNew bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	left = leftJob{id: job.ID, maybePosted: job.MaybePosted || p.unanswered[job.ID], byToken: byToken}
	if i := p.leftAt(job.ID); i >= 0 {
		left.maybePosted = left.maybePosted || p.left[i].maybePosted
		return left, false
	}
	p.left[p.nextLeft], p.nextLeft = left, (p.nextLeft+1)%keptLeft
	return left, true
}

// takeBack forgets that a job's images were left to the bot: the queue did not take them.
func (p *Poster) takeBack(job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.leftAt(job); i >= 0 {
		p.left[i] = leftJob{}
	}
}

// wasLeft tells whether a job's images were left to the bot: it may be posting them elsewhere.
func (p *Poster) wasLeft(job string) (left leftJob, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := p.leftAt(job); i >= 0 {
		return p.left[i], true
	}
	return leftJob{}, false
}

// leftAt returns the job's place in left, or -1. The lock is held.
func (p *Poster) leftAt(job string) int {
	return slices.IndexFunc(p.left[:], func(l leftJob) bool { return l.id == job })
}
