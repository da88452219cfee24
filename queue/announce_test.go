package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// libraryOf is a renderer with this many models and add-ons, whose cards are of a usual length.
func libraryOf(slot string, models, addons int) Renderer {
	r := Renderer{Slot: slot, Device: "cuda:0 NVIDIA H200"}
	for i := range models {
		m := Model{Name: fmt.Sprint("model ", i), Hash: contentHash([]byte(fmt.Sprint("m", i))) + strings.Repeat("0", 32)}
		for v := 3; v >= 1; v-- {
			r.Lanes = append(r.Lanes, Lane{Name: fmt.Sprint(v, ":", m.Hash), Load: 15 * time.Second})
		}
		m.Lane, m.Card = r.Lanes[3*i].Name, json.RawMessage(`{"name":"`+strings.Repeat("x", 2000)+fmt.Sprint(i)+`"}`)
		r.Models = append(r.Models, m)
	}
	for i := range addons {
		r.Addons = append(r.Addons, Addon{
			Hash: contentHash([]byte(fmt.Sprint("a", i))) + strings.Repeat("0", 32),
			Card: json.RawMessage(`{"kind":"lora","name":"` + strings.Repeat("y", 300) + fmt.Sprint(i) + `"}`),
		})
	}
	return r
}

// announceBytes announces a renderer and returns how many bytes of arguments that took.
func (r *fixture) announceBytes(x Renderer) int {
	r.Helper()
	counter := &argumentCounter{}
	r.db.AddHook(counter)
	if err := r.Announce(r.ctx, x, 15*time.Second); err != nil {
		r.Fatal(err)
	}
	counter.off = true
	return counter.bytes
}

func TestCardsAreSentOnce(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		x := libraryOf("w", 10, 400)
		x.CLIP = contentHash([]byte("clip"))
		first, again := r.announceBytes(x), r.announceBytes(x)
		twin := x
		twin.Slot = "w2"
		other := r.announceBytes(twin)
		x.Addons = append(x.Addons, libraryOf("", 0, 401).Addons[400])
		changed := r.announceBytes(x)
		r.Logf("10 models and 400 add-ons: %d bytes at first, then %d; %d for a second renderer, %d after one file came",
			first, again, other, changed)
		if again > 4500 || other > 4500 || changed > 100_000 || first < 150_000 {
			r.Errorf("cards are sent more than once")
		}
		all, err := r.Renderers(r.ctx)
		if err != nil || len(all) != 2 || len(all[0].Addons) != 401 || len(all[1].Addons) != 400 {
			r.Fatalf("%d renderers, %v", len(all), err)
		}
		for i, m := range all[1].Models {
			if want := twin.Models[i]; m.Hash != want.Hash || m.Name != want.Name || string(m.Card) != string(want.Card) {
				r.Fatalf("model %d is %+v", i, m)
			}
		}
		if all[0].CLIP != x.CLIP {
			r.Errorf("the CLIP is %q, want %q", all[0].CLIP, x.CLIP)
		}
		if a := all[0].Addons[400]; string(a.Card) != string(x.Addons[400].Card) || a.Hash != x.Addons[400].Hash {
			r.Errorf("the add-on that came is %+v", a)
		}
	})
}

func TestCardsAreForgottenWithTheirRenderers(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		x := libraryOf("w", 1, 3)
		cards := func() int64 { return r.db.HLen(r.ctx, r.opts.prefix()+"cards").Val() }
		announce := func(x Renderer) {
			r.Helper()
			if err := r.Announce(r.ctx, x, 15*time.Second); err != nil {
				r.Fatal(err)
			}
		}
		for range 5 { // each time extends them
			announce(x)
			r.clock.advance(10 * time.Second)
			if _, err := r.Renderers(r.ctx); err != nil || cards() != 5 {
				r.Fatalf("%d cards, %v; want four and their list", cards(), err)
			}
		}
		x.Addons = x.Addons[:2]
		for range 5 { // what it has no more is forgotten
			announce(x)
			r.clock.advance(10 * time.Second)
		}
		announce(x)
		if cards() != 4 {
			r.Errorf("%d cards after an add-on went, want three and their list", cards())
		}
		r.clock.advance(time.Minute)
		announce(Renderer{Slot: "v"})
		if cards() != 1 {
			r.Errorf("%d cards after the renderer went, want the list of the other one", cards())
		}
	})
}

// TestLostCardsComeAgain: a server that lost the cards gets them with the next announcement; until then nobody takes
// the renderer for one without models.
func TestLostCardsComeAgain(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		x := libraryOf("w", 1, 3)
		if err := r.Announce(r.ctx, x, time.Minute); err != nil {
			r.Fatal(err)
		}
		r.db.Del(r.ctx, r.opts.prefix()+"cards")
		if _, err := r.Renderers(r.ctx); !errors.Is(err, errCardsLost) {
			r.Errorf("renderers without cards: %v, want that they are lost", err)
		}
		if err := r.Announce(r.ctx, x, time.Minute); err != nil {
			r.Fatal(err)
		}
		if all, err := r.Renderers(r.ctx); err != nil || len(all[0].Addons) != 3 || len(all[0].Models[0].Card) < 2000 {
			r.Errorf("renderers %+v, %v", all, err)
		}
	})
}

// TestAnnouncementOfAnEarlierVersionIsRead: it has its cards in it.
func TestAnnouncementOfAnEarlierVersionIsRead(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		const old = `{"slot":"w","device":"cpu","lanes":[{"name":"2:cd"}],"models":[{"name":"photo","hash":"cd",` +
			`"lane":"2:cd","card":{"starts":true}}],"batch":4}`
		if _, err := r.run(r.ctx, announceScript, anyEpoch, "w", 15000, old, ""); err != nil {
			r.Fatal(err)
		}
		all, err := r.Renderers(r.ctx)
		if err != nil || len(all) != 1 || string(all[0].Models[0].Card) != `{"starts":true}` || all[0].MaxBatch != 4 {
			r.Errorf("renderers %+v, %v", all, err)
		}
	})
}

func TestAnnouncementsAreBounded(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		for _, x := range []Renderer{
			{Slot: "w", Addons: make([]Addon, MaxAddons+1)},
			{Slot: "w", Models: []Model{{Card: json.RawMessage(`"` + strings.Repeat("x", maxCard) + `"`)}}},
		} {
			if err := r.Announce(r.ctx, x, time.Minute); err == nil {
				r.Error("announced without bounds")
			}
		}
	})
}

func TestAbilities(t *testing.T) {
	t.Parallel()
	can := AbilitiesOf([]Renderer{
		{Lanes: Lanes("1:a"), Addons: []Addon{{Hash: "x"}}}, {Lanes: Lanes("1:b", "c"), Addons: []Addon{{Hash: "y"}}},
	})
	for _, c := range []struct {
		lane  string
		needs []string
		want  bool
	}{
		{"1:a", nil, true}, {"2:a", nil, false}, {"c", nil, true}, {"1:a:h", []string{"x"}, true},
		{"1:a:h", []string{"y"}, false}, {"1:a:h", []string{"x", "y"}, false}, {"1:b:h", []string{"y"}, true},
	} {
		if got := can.CanTake(JobStatus{Lane: c.lane, Needs: c.needs}); got != c.want {
			t.Errorf("lane %s that needs %v: %v, want %v", c.lane, c.needs, got, c.want)
		}
	}
}

// argumentCounter is a client hook that counts the bytes of arguments.
type argumentCounter struct {
	bytes int
	off   bool
}

// DialHook changes nothing.
func (c *argumentCounter) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (c *argumentCounter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook counts.
func (c *argumentCounter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !c.off && cmd.Name() == "evalsha" {
			for _, a := range cmd.Args() {
				c.bytes += len(fmt.Sprintf("%s", a))
			}
		}
		return next(ctx, cmd)
	}
}

// TestImagesOfModels: the images of a model are sent once, hold as long as a renderer announces them, and a renderer
// is known without them.
func TestImagesOfModels(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		x, cards := libraryOf("w", 2, 0), func() int64 { return r.db.HLen(r.ctx, r.opts.prefix()+"cards").Val() }
		x.Models[1].Images = `[{"prompt":"` + strings.Repeat("z", 60_000) + `"}]`
		first, again := r.announceBytes(x), r.announceBytes(x)
		if first < 60_000 || again > 3000 {
			r.Errorf("%d bytes, then %d: want the images sent once", first, again)
		}
		for range 5 {
			r.clock.advance(10 * time.Second)
			r.announceBytes(x)
		}
		r.cards = cardCache{} // of another process
		all, err := r.Renderers(r.ctx)
		if err != nil || all[0].Models[1].Images != x.Models[1].Images || all[0].Models[0].Images != "" {
			r.Fatalf("%d renderers, %v: want the images of the second model, after a minute", len(all), err)
		}
		if cards() != 4 {
			r.Errorf("%d cards, want two, their list and the images", cards())
		}
		x.Models[1].Images = ""
		for range 5 {
			r.announceBytes(x)
			r.clock.advance(10 * time.Second)
		}
		if r.announceBytes(x); cards() != 3 {
			r.Errorf("%d cards, want the images forgotten", cards())
		}
	})
}
