package queue

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestRenderers(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		one := Renderer{Slot: "host/1", Device: "cpu", Lanes: Lanes("a"), Models: []Model{{Name: "demo", Hash: "h", Lane: "a",
			Card: []byte(`{"sizes":["64x64"]}`)}}}
		two := Renderer{Slot: "host/0", Lanes: Lanes("b")}
		known := func(want ...string) []Renderer {
			r.Helper()
			all, err := r.Renderers(r.ctx)
			var got []string
			for _, x := range all {
				got = append(got, x.Slot)
			}
			if err != nil || !slices.Equal(got, want) {
				r.Fatalf("renderers %v, %v; want %v", got, err, want)
			}
			return all
		}
		known()
		if err := errors.Join(r.Announce(r.ctx, one, 30*time.Second), r.Announce(r.ctx, two, time.Minute)); err != nil {
			r.Fatal(err)
		}
		if all := known("host/0", "host/1"); string(all[1].Models[0].Card) != `{"sizes":["64x64"]}` {
			r.Errorf("renderer %+v", all[1])
		}
		r.clock.advance(40 * time.Second)
		known("host/0")
		if err := r.Withdraw(r.ctx, "host/0"); err != nil {
			r.Fatal(err)
		}
		known()
	})
}
