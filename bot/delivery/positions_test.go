package delivery

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/queue"
)

func TestShownStateOutdated(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	in := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		name              string
		told, shown, true int
		want              bool
	}{
		{"it has passed", -3, -1, 5, true},
		{"it is now", -3, 0, 1, true},
		{"it is still to come", -3, 2, 8, false},
		{"nothing better is known", -3, -1, -1, false},
		{"it slipped long after it was told", -20, 5, 60, true},
	} {
		g := shownState{position: 1, edited: in(c.told), eta: in(c.shown)}
		if got := g.outdated(message.QueueStatus{Position: 1, ETA: in(c.true)}, now); got != c.want {
			t.Errorf("%s: got outdated %v, want %v", c.name, got, c.want)
		}
	}
}

// TestEveryMessageGetsAnETA has renderers come to many waiting jobs. The front goes on to be told its positions.
func TestEveryMessageGetsAnETA(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	p := &positions{shown: newShownStates(), interval: 4 * time.Second, now: func() time.Time { return now }}
	var s queue.Snapshot
	estimates := map[string]queue.Estimate{}
	for i := range 963 {
		id := fmt.Sprint(i)
		s.Jobs = append(s.Jobs, queue.JobStatus{ID: id, Position: i + 1, State: queue.StateWaiting})
		estimates[id] = queue.Estimate{End: s.At.Add(time.Duration(i+1) * time.Minute)}
		p.shown.set(id, message.QueueStatus{Position: i + 1}, now) // before any renderer came
	}
	rounds := 0
	for ; slices.ContainsFunc(s.Jobs, withoutETA(p)); rounds++ {
		edits, _ := p.selectEdits(s, estimates)
		if len(edits) == 0 || len(edits) > maxPositionEdits+maxFirstETAs {
			t.Fatalf("%d edits in one round", len(edits))
		}
		for _, e := range edits {
			p.shown.set(e.job, e.status, now)
		}
		for range 5 { // renderers take five in each round, and all others move
			p.shown.setLeased(s.Jobs[0].ID)
			s.Jobs = s.Jobs[1:]
		}
		for i := range s.Jobs {
			s.Jobs[i].Position = i + 1
		}
	}
	if took := time.Duration(rounds) * p.interval; took > 2*time.Minute {
		t.Errorf("the last of 963 messages got its ETA after %v, want within two minutes", took)
	}
}

// withoutETA tells whether the message of a job shows no ETA.
func withoutETA(p *positions) func(queue.JobStatus) bool {
	return func(q queue.JobStatus) bool {
		g, _ := p.shown.get(q.ID)
		return g.eta.IsZero()
	}
}

func TestNextPositionUpdate(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	p := &positions{shown: newShownStates(), interval: 4 * time.Second, now: func() time.Time { return now }}
	waits := func(want time.Duration) {
		t.Helper()
		if got := p.nextUpdate(); got != want {
			t.Errorf("next look: got in %v, want in %v", got, want)
		}
	}
	longest := roundsWithoutNews * p.interval
	waits(longest)
	for id, in := range map[string]time.Duration{
		"past": -time.Second, "near": 3 * time.Second, "far": time.Hour, "taken": time.Second,
	} {
		p.shown.set(id, message.QueueStatus{Position: 1, ETA: now.Add(in)}, now)
	}
	p.shown.setLeased("taken")
	waits(3 * time.Second)
	p.shown.forget("near")
	waits(longest)
}

func TestLostPositionIsNewerThanShownOne(t *testing.T) {
	t.Parallel()
	lost := lostPosition{at: time.Unix(1_700_000_000, 0)}
	for name, c := range map[string]struct {
		shown shownState
		want  bool
	}{
		"the first message shows a position": {shownState{position: 2, edited: lost.at.Add(-time.Second)}, true},
		"a position was shown since":         {shownState{position: 2, edited: lost.at.Add(time.Second)}, false},
		"a renderer has the job": {shownState{
			position: 2, edited: lost.at.Add(-time.Second), leased: true,
		}, false},
		"a renderer gave the job back": {shownState{position: -1}, false},
		"it shows no position":         {shownState{edited: lost.at.Add(-time.Second)}, false},
	} {
		if got := lost.newerThan(c.shown); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestLateEditDoesNotRememberAnEndedJob(t *testing.T) {
	t.Parallel()
	s := newShownStates()
	s.set("1-0", message.QueueStatus{Position: 1}, time.Unix(1, 0))
	s.forget("1-0")
	s.setEdited("1-0", time.Unix(2, 0))
	if _, known := s.get("1-0"); known {
		t.Error("a job that had ended is remembered again")
	}
}
