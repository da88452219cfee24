package bot

import (
	"sync"
	"time"

	"darkroom/bot/message"
)

// watched is what the bot knows about unfinished jobs from having seen it: nothing that matters after a restart.
type shownStates struct {
	mu   sync.Mutex
	jobs map[string]shownState
}

// glimpse is the last that was seen of a job.
type shownState struct {
	position int       // the place in line that its message shows; 0 when it says there is none yet, -1 when it says something else
	eta      time.Time // when it says that the pictures should be there; zero when it does not say
	paused   bool      // it says that painting is paused
	edited   time.Time // when the bot last edited that message
	leased   bool      // a renderer has it, or had it last: the message is not ours to edit
	percent  int
}

func newShownStates() *shownStates { return &shownStates{jobs: map[string]shownState{}} }

func (w *shownStates) update(id string, f func(*shownState)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.jobs[id]
	f(&g)
	w.jobs[id] = g
}

func (w *shownStates) get(id string) (shownState, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, ok := w.jobs[id]
	return g, ok
}

// shown notes what a job's message shows.
func (w *shownStates) setShown(id string, st message.QueueStatus, at time.Time) {
	w.update(id, func(g *shownState) { g.position, g.eta, g.paused, g.edited = st.Position, st.ETA, st.Paused, at })
}

// taken notes that a renderer has the job.
func (w *shownStates) setLeased(id string) { w.update(id, func(g *shownState) { g.leased = true }) }

// back notes that the job waits again. Whatever its message shows, it is no place in line.
func (w *shownStates) setRequeued(id string) {
	w.update(id, func(g *shownState) { *g = shownState{position: -1} })
}

// percent notes how far a job is.
func (w *shownStates) setPercent(id string, percent int) {
	w.update(id, func(g *shownState) { g.percent, g.leased = percent, true })
}

// nextETA is the next moment by which the message of a waiting job says that its pictures are there.
func (w *shownStates) nextETA(now time.Time) (next time.Time, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, g := range w.jobs {
		if !g.leased && g.eta.After(now) && (!known || g.eta.Before(next)) {
			next, known = g.eta, true
		}
	}
	return next, known
}

// forget drops a job that has ended.
func (w *shownStates) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.jobs, id)
}
