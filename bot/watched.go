package bot

import (
	"sync"
	"time"

	"darkroom/bot/reply"
)

// watched is what the bot knows about unfinished jobs from having seen it: nothing that matters after a restart.
type watched struct {
	mu   sync.Mutex
	jobs map[string]glimpse
}

// glimpse is the last that was seen of a job.
type glimpse struct {
	place   int       // the place in line that its message shows; 0 when it says there is none yet, -1 when it says something else
	done    time.Time // when it says that the pictures should be there; zero when it does not say
	paused  bool      // it says that painting is paused
	told    time.Time // when the bot last edited that message
	taken   bool      // a renderer has it, or had it last: the message is not ours to edit
	percent int
}

func newWatched() *watched { return &watched{jobs: map[string]glimpse{}} }

func (w *watched) change(id string, f func(*glimpse)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.jobs[id]
	f(&g)
	w.jobs[id] = g
}

func (w *watched) get(id string) (glimpse, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, ok := w.jobs[id]
	return g, ok
}

// shown notes what a job's message shows.
func (w *watched) shown(id string, st reply.Standing, at time.Time) {
	w.change(id, func(g *glimpse) { g.place, g.done, g.paused, g.told = st.Place, st.Done, st.Paused, at })
}

// taken notes that a renderer has the job.
func (w *watched) taken(id string) { w.change(id, func(g *glimpse) { g.taken = true }) }

// back notes that the job waits again. Whatever its message shows, it is no place in line.
func (w *watched) back(id string) { w.change(id, func(g *glimpse) { *g = glimpse{place: -1} }) }

// percent notes how far a job is.
func (w *watched) percent(id string, percent int) {
	w.change(id, func(g *glimpse) { g.percent, g.taken = percent, true })
}

// nextPromised is the next moment by which the message of a waiting job says that its pictures are there.
func (w *watched) nextPromised(now time.Time) (next time.Time, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.jobs {
		if !g.taken && g.done.After(now) && (!known || g.done.Before(next)) {
			next, known = g.done, true
		}
	}
	return next, known
}

// forget drops a job that has ended.
func (w *watched) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.jobs, id)
}
