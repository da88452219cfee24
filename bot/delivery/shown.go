package delivery

import (
	"math"
	"sync"
	"time"

	"darkroom/bot/message"
)

// shownStates remembers what the messages of unfinished jobs show. Nothing of it matters after a restart.
type shownStates struct {
	mu   sync.Mutex
	jobs map[string]shownState
}

// shownState is what is known about one job's message.
type shownState struct {
	position int       // the position that the message shows; 0 when it shows none, -1 when it shows something else
	eta      time.Time // when it says that the images should be there; zero when it does not say
	paused   bool      // it says that rendering is paused
	unserved bool      // it says that no renderer has what the job names
	edited   time.Time // when the bot last sent or edited that message
	leased   bool      // a renderer has the job, or had it last: the renderer edits the message
	percent  int

	tokenOver bool // the interaction's token can edit the message no more
}

func newShownStates() *shownStates { return &shownStates{jobs: map[string]shownState{}} }

func (s *shownStates) update(id string, f func(*shownState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.jobs[id]
	f(&g)
	s.jobs[id] = g
}

func (s *shownStates) get(id string) (shownState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.jobs[id]
	return g, ok
}

// set notes what a job's message is about to show.
func (s *shownStates) set(id string, st message.QueueStatus, at time.Time) {
	s.update(id, func(g *shownState) {
		g.position, g.eta, g.paused, g.unserved, g.edited = st.Position, st.ETA, st.Paused, st.Unserved, at
	})
}

// setEdited notes when an edit of a job's message arrived. A job that ended meanwhile stays forgotten.
func (s *shownStates) setEdited(id string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g, known := s.jobs[id]; known {
		g.edited = at
		s.jobs[id] = g
	}
}

// setLeased notes that a renderer has the job.
func (s *shownStates) setLeased(id string) { s.update(id, func(g *shownState) { g.leased = true }) }

// setRequeued notes that the job waits again. Whatever its message shows, it is no position.
func (s *shownStates) setRequeued(id string) {
	s.update(id, func(g *shownState) { *g = shownState{position: -1} })
}

// setPercent notes how far a job is.
func (s *shownStates) setPercent(id string, percent int) {
	s.update(id, func(g *shownState) { g.percent, g.leased = percent, true })
}

// nextETA is the next moment by which the message of a waiting job says that its images are there.
func (s *shownStates) nextETA(now time.Time) (next time.Time, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.jobs {
		if !g.leased && g.eta.After(now) && (!known || g.eta.Before(next)) {
			next, known = g.eta, true
		}
	}
	return next, known
}

// forget drops a job that has ended.
func (s *shownStates) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, id)
}

const (
	// estimateTolerance is by how much of the time that is left an estimate may be off before it is told again, and
	// minEstimateChange the least that matters.
	estimateTolerance = 0.25
	minEstimateChange = 15 * time.Second
)

// outdated tells whether what a message shows is no longer true.
func (g shownState) outdated(now message.QueueStatus, at time.Time) bool {
	if g.position != now.Position || g.paused != now.Paused || g.unserved != now.Unserved ||
		g.eta.IsZero() != now.ETA.IsZero() {
		return true
	}
	if g.eta.IsZero() {
		return false
	}
	if !g.eta.After(at) && now.ETA.After(at) {
		return true // the moment has passed, and the images are not there
	}
	if at.Sub(g.edited) < minEstimateChange {
		return false
	}
	left := now.ETA.Sub(at)
	off := time.Duration(math.Abs(float64(now.ETA.Sub(g.eta))))
	return off > max(minEstimateChange, time.Duration(estimateTolerance*float64(left)))
}
