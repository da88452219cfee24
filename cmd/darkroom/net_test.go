//go:build cgo

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// toxics are what a network may do to what passes between a process and Redis, as toxiproxy names it.
var toxics = map[string]string{ //nolint:gochecknoglobals // a constant
	"latency of 300 ms, give or take 200":      `{"type":"latency","attributes":{"latency":300,"jitter":200}}`,
	"connections reset after 100 ms":           `{"type":"reset_peer","attributes":{"timeout":100}}`,
	"nothing arrives, and nobody hangs up":     `{"type":"timeout","attributes":{"timeout":0}}`,
	"nothing arrives for 400 ms, then the end": `{"type":"timeout","attributes":{"timeout":400}}`,
	"the end after 2,000 bytes, in mid-word":   `{"type":"limit_data","attributes":{"bytes":2000}}`,
	"connections close a second late":          `{"type":"slow_close","attributes":{"delay":1000}}`,
	"40 KB a second":                           `{"type":"bandwidth","attributes":{"rate":40}}`,
	"pieces of 20 bytes":                       `{"type":"slicer","attributes":{"average_size":20,"size_variation":10,"delay":200}}`,
}

// wire is a network between a process and Redis that can be spoilt.
type wire struct {
	*toxiproxy.Proxy
	t testing.TB
}

func newWire(t testing.TB, name, upstream string) *wire {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, name, "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		t.Fatalf("start proxy: %v", err)
	}
	t.Cleanup(p.Stop)
	return &wire{p, t}
}

// spoil lets a toxic work on what goes upstream or downstream, until heal.
func (w *wire) spoil(toxic, stream string) {
	w.t.Helper()
	text := strings.Replace(toxic, "{", fmt.Sprintf(`{"name":%q,"stream":%q,`, stream, stream), 1)
	if _, err := w.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		w.t.Fatalf("toxic %s: %v", text, err)
	}
}

func (w *wire) heal(ctx context.Context) { w.Toxics.ResetToxics(ctx) }

// TestABadNetwork spoils the network between Redis and the bot, and between Redis and the renderer, one way or the other,
// while people ask. Once it is well again, so is everything else, soon.
func TestABadNetwork(t *testing.T) {
	t.Parallel()
	s, rounds, lasts := seed(t), 1, time.Second
	if soaking() {
		rounds, lasts = 6, 3*time.Second
	}
	dice := rand.New(rand.NewPCG(s, 0))
	w := newTown(t, plan{wired: true})
	ws := newWishes(w, 12)
	ws.bot()
	ws.renderer()
	ws.ready(1)
	facts := map[string]*fact{}
	for name := range toxics {
		facts[name] = &fact{Fault: "network to Redis: " + name, Where: "separate processes, toxiproxy", Seed: s}
	}
	for range rounds {
		for name, toxic := range toxics {
			spoilt := []string{"bot", "renderer"}[dice.IntN(2):]
			stream := []string{"upstream", "downstream"}[dice.IntN(2)]
			for _, who := range spoilt {
				w.wire(who).spoil(toxic, stream)
			}
			asked := len(ws.all)
			for until := time.Now().Add(lasts); time.Now().Before(until); time.Sleep(lasts / 4) {
				ws.make(ws.one(), "a red boat", quick+dice.IntN(20))
			}
			for _, who := range spoilt {
				w.wire(who).heal(t.Context())
			}
			began := time.Now()
			v := ws.judge()
			f := facts[name]
			f.Tries++
			f.add(v)
			f.took(time.Since(began))
			f.Note = fmt.Sprintf("last: %d asked, %s spoilt %s", len(ws.all)-asked, strings.Join(spoilt, " and "), stream)
			if t.Failed() {
				t.Fatalf("%s, %s of %v", name, stream, spoilt)
			}
		}
	}
	for _, f := range facts {
		f.write(t)
	}
}
