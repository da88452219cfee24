package bot

import (
	"testing"
	"time"

	"darkroom/bot/reply"
)

func TestAMomentThatHasPassedIsToldAnewAtOnce(t *testing.T) {
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
		g := glimpse{place: 1, told: in(c.told), done: in(c.shown)}
		if got := g.outdated(reply.Standing{Place: 1, Done: in(c.true)}, now); got != c.want {
			t.Errorf("%s: got outdated %v, want %v", c.name, got, c.want)
		}
	}
}

func TestPlacesAreLookedAtWhenTheNextMomentPasses(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	b := &Bot{watched: newWatched(), o: Options{Now: func() time.Time { return now }}.filled()}
	waits := func(want time.Duration) {
		t.Helper()
		if got := b.untilStale(); got != want {
			t.Errorf("next look: got in %v, want in %v", got, want)
		}
	}
	anyway := placesAnyway * b.o.Pace.Places
	waits(anyway)
	for id, in := range map[string]time.Duration{"past": -time.Second, "near": 3 * time.Second, "far": time.Hour, "taken": time.Second} {
		b.watched.shown(id, reply.Standing{Place: 1, Done: now.Add(in)}, now)
	}
	b.watched.taken("taken")
	waits(3 * time.Second)
	b.watched.forget("near")
	waits(anyway)
}
