package sim

import (
	"log/slog"
	"testing"
	"time"

	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/wire"
)

// TestFormsChangeInFlight kills the bot again and again while messages wait. The next one makes messages of the other
// form, and ends those that are there in their own: nothing is lost or doubled, and Discord refuses no edit.
func TestFormsChangeInFlight(t *testing.T) {
	t.Parallel()
	runIn(t, runForms, seedOr(t, 3), 60)
}

func runForms(t *testing.T, seed uint64, dir string, log *slog.Logger, requests int) verdict {
	c := newCluster(t, seed, dir)
	c.log, c.failureRate = log, 0.03
	w := newWorkload(c, 2, 8)
	w.start("r1", "r2")
	restarts := fault{name: "bot killed", component: "bot", weight: 1, do: func(f *faultInjector, _ time.Duration) {
		f.restart(2 * time.Second)
	}}
	inj := newFaultInjector(w, "r1", "r2")
	inj.kinds = []fault{restarts}
	v := w.runWithFaults(inj, requests)
	if forms := formsOf(w.Rules().Requests()); inj.tried["bot killed"] < 2 || forms[false] == 0 || forms[true] == 0 {
		t.Errorf("seed %d: %v, messages by form %v; want two restarts and messages of both forms", seed, inj.tried, forms)
	}
	return v
}

// formsOf counts the accepted edits and posts with images by whether they are cards.
func formsOf(requests []rules.Request) map[bool]int {
	forms := map[bool]int{}
	for _, r := range requests {
		d, err := wire.ReadDraft(r.Body, nil)
		if err == nil && r.Status == 200 && len(r.Files) > 0 {
			forms[d.Flags&wire.FlagComponentsV2 != 0]++
		}
	}
	return forms
}
