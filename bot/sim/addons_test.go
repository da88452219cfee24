package sim

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
)

// TestAddonsAreNeitherLostNorDoubled runs clusters with random faults whose renderers have different add-ons, which
// come and go: no job is lost or doubled, and none comes to a renderer that never had its add-ons. The long form runs
// as many clusters as that of TestNothingIsLostOrDoubled.
func TestAddonsAreNeitherLostNorDoubled(t *testing.T) {
	t.Parallel()
	f := newReport("virtual time, with add-ons that come and go", "sim-addons-")
	defer f.write(t)
	if os.Getenv(soakEnv) == "" {
		f.add(runAddons(t, seedOr(t, 2), shortRequests))
		return
	}
	first, end := seedOr(t, rand.Uint64()>>24), time.Now().Add(maxRealTime)
	for n := uint64(0); f.needsMore() && time.Now().Before(end); n++ {
		f.add(runAddons(t, first+n, 1000))
	}
}

// runAddons runs one cluster and returns what the oracle found.
func runAddons(t *testing.T, seed uint64, requests int) verdict {
	t.Helper()
	return runIn(t, runAddonsInBubble, seed, requests)
}

func runAddonsInBubble(t *testing.T, seed uint64, dir string, log *slog.Logger, requests int) verdict {
	c := newCluster(t, seed, dir)
	c.log, c.failureRate = log, 0.03
	c.shelves.addLoRAs(6)
	w := newWorkload(c, 8, 8)
	slots := []string{"r1", "r2", "r3", "r4", "r5", "r6"}
	for _, slot := range slots {
		c.shelves.shuffle(rand.New(rand.NewPCG(seed, uint64(slot[1]))), slot, 0.5)
	}
	w.start(slots...)
	inj := newFaultInjector(w, slots...)
	inj.kinds = append(append([]fault{}, faults...), addonFaults...)
	return w.runWithFaults(inj, requests)
}

// TestLastCapableRenderer: a job whose last capable renderer leaves says so and waits. If the renderer comes back, it
// is rendered; if not, it ends after a while, and others are rendered meanwhile.
func TestLastCapableRenderer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		away time.Duration // 0 for ever
		want string
	}{
		"it comes back":  {4 * time.Minute, "V4"},
		"it stays away":  {0, "no renderer has the LoRA “lora0” any more"},
		"it is replaced": {-1, "V4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, log := scratchDir(t), openLog(t, 9)
			synctest.Test(t, func(t *testing.T) {
				cl := newCluster(t, 9, dir)
				cl.log = log
				cl.shelves.addLoRAs(1)
				cl.shelves.put("r1", 0)
				w := newWorkload(cl, 2, 2)
				w.start("r1", "r2")
				ask := func(prompt string) sandbox.Interaction {
					i, err := w.Command(w.users[0].ID, w.channels[0], "imagine",
						sandbox.With("prompt", prompt), sandbox.With("steps", 20), sandbox.With("count", 4))
					if err != nil {
						t.Fatal(err)
					}
					w.interactions = append(w.interactions, i.ID)
					return i
				}
				only := ask("a red boat <lora:lora0:0.8>")
				w.renderers["r1"].kill()
				w.waitFor(only, "for a renderer that has")
				w.waitFor(ask("a blue boat"), "V4")
				switch {
				case c.away > 0:
					time.Sleep(c.away)
					w.startRenderer("r1")
				case c.away < 0:
					w.shelves.put("r2", 0)
				}
				w.waitFor(only, c.want)
				w.waitSettled(time.Hour)
				v := w.check()
				if len(v.Lost)+len(v.Double)+len(v.WrongMessages) > 0 || v.Jobs != 2 {
					t.Errorf("got %+v", v)
				}
			})
		})
	}
}

// waitFor waits until the answer to an interaction says something, or has a button with this label.
func (w *workload) waitFor(i sandbox.Interaction, text string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	m, err := w.WaitReply(ctx, i.ID, func(m sandbox.Message) bool {
		return strings.Contains(m.Text(), text) || text == "V4" && customID(m, button.Vary) != ""
	})
	if err != nil {
		w.t.Errorf("the answer never said %q; it says %q", text, m.Text())
	}
}
