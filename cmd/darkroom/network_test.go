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

// toxics are the faults of a network between a process and Redis, as toxiproxy names them.
var toxics = map[string]string{ //nolint:gochecknoglobals // a constant
	"latency of 300 ms, give or take 200":      `{"type":"latency","attributes":{"latency":300,"jitter":200}}`,
	"connections reset after 100 ms":           `{"type":"reset_peer","attributes":{"timeout":100}}`,
	"nothing arrives, and nobody hangs up":     `{"type":"timeout","attributes":{"timeout":0}}`,
	"nothing arrives for 400 ms, then the end": `{"type":"timeout","attributes":{"timeout":400}}`,
	"the end after 2,000 bytes, in mid-word":   `{"type":"limit_data","attributes":{"bytes":2000}}`,
	"connections close a second late":          `{"type":"slow_close","attributes":{"delay":1000}}`,
	"40 KB a second":                           `{"type":"bandwidth","attributes":{"rate":40}}`,
	"pieces of 20 bytes": `{"type":"slicer",` +
		`"attributes":{"average_size":20,"size_variation":10,"delay":200}}`,
}

// faultyNetwork is a network between a process and Redis that can be broken.
type faultyNetwork struct {
	*toxiproxy.Proxy
	t testing.TB
}

func newFaultyNetwork(t testing.TB, name, upstream string) *faultyNetwork {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := toxiproxy.NewProxy(server, name, "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		t.Fatalf("start proxy: %v", err)
	}
	t.Cleanup(p.Stop)
	return &faultyNetwork{p, t}
}

// addToxic adds a toxic upstream or downstream, until heal.
func (w *faultyNetwork) addToxic(toxic, stream string) {
	w.t.Helper()
	text := strings.Replace(toxic, "{", fmt.Sprintf(`{"name":%q,"stream":%q,`, stream, stream), 1)
	if _, err := w.Toxics.AddToxicJson(strings.NewReader(text)); err != nil {
		w.t.Fatalf("toxic %s: %v", text, err)
	}
}

func (w *faultyNetwork) removeToxics(ctx context.Context) { w.Toxics.ResetToxics(ctx) }

// TestFaultyNetwork spoils the network between Redis and the bot, and between Redis and the renderer, one way or the
// other, while people ask. Once it is well again, so is everything else, soon.
func TestFaultyNetwork(t *testing.T) {
	t.Parallel()
	s, rounds, duration := seed(t), 1, time.Second
	if soaking() {
		rounds, duration = 6, 3*time.Second
	}
	rng := rand.New(rand.NewPCG(s, 0))
	w := newCluster(t, clusterOptions{withNetworks: true})
	rs := newRequests(w, 12)
	rs.bot()
	rs.renderer()
	rs.waitReady(1)
	reports := map[string]*faultReport{}
	for name := range toxics {
		reports[name] = &faultReport{Fault: "network to Redis: " + name, Where: "separate processes, toxiproxy", Seed: s}
	}
	for range rounds {
		for name, toxic := range toxics {
			disturbed := []string{"bot", "renderer"}[rng.IntN(2):]
			stream := []string{"upstream", "downstream"}[rng.IntN(2)]
			for _, who := range disturbed {
				w.network(who).addToxic(toxic, stream)
			}
			asked := len(rs.all)
			for until := time.Now().Add(duration); time.Now().Before(until); time.Sleep(duration / 4) {
				rs.submit(rs.idlePerson(), "a red boat", quickSteps+rng.IntN(20))
			}
			for _, who := range disturbed {
				w.network(who).removeToxics(t.Context())
			}
			began := time.Now()
			v := rs.judge()
			f := reports[name]
			f.Tries++
			f.add(v)
			f.recordRecovery(time.Since(began))
			f.Note = fmt.Sprintf("last: %d asked, %s spoilt %s", len(rs.all)-asked, strings.Join(disturbed, " and "), stream)
			if t.Failed() {
				t.Fatalf("%s, %s of %v", name, stream, disturbed)
			}
		}
	}
	for _, f := range reports {
		f.write(t)
	}
}
