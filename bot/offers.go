package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"darkroom/bot/admit"
	"darkroom/queue"
	"darkroom/render"
)

// offerMeta is the name under which the last offer is remembered, so that jobs can be promised while no renderer is up.
const offerMeta = "offer"

// offers knows what can be painted: what renderers announce, or announced last.
type offers struct {
	memory memory
	line   interface {
		Renderers(ctx context.Context) ([]queue.Renderer, error)
	}

	mu   sync.RWMutex
	now  admit.Offer
	none bool   // the queue was asked and no renderer is up
	kept string // the JSON that is remembered
}

func newOffers(m memory, l Line) *offers { return &offers{memory: m, line: l} }

// current returns the offer as it is known now.
func (f *offers) current() admit.Offer {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.now
}

// habits are those of a model that is or was offered; none for one that is not known.
func (f *offers) habits(hash string) render.Habits {
	for _, m := range f.current().Models {
		if m.Hash == hash {
			return m.Habits
		}
	}
	return render.Habits{}
}

// known returns the offer. While there is none it asks the queue again for up to a second: the first picture is often
// asked for in the moment in which the first renderer comes up.
func (f *offers) known(ctx context.Context) admit.Offer {
	ctx, cancel := context.WithTimeout(ctx, acceptWithin*2/3)
	defer cancel()
	for {
		if o := f.current(); len(o.Models) > 0 {
			return o
		}
		_ = f.refresh(ctx) // whatever is wrong, refreshOffers meets and logs it too
		if sleep(ctx, 50*time.Millisecond) != nil {
			return f.current()
		}
	}
}

// idle tells whether it is known that no renderer is up.
func (f *offers) idle() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.none
}

// recall reads the remembered offer.
func (f *offers) recall(ctx context.Context, log *slog.Logger) {
	text, err := f.memory.Meta(ctx, offerMeta)
	var o admit.Offer
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &o)
	}
	if err != nil {
		log.Warn("the remembered offer cannot be read", "error", err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now, f.kept = o, text
}

// refresh asks the queue which renderers are up. When there are none, the last offer stays: a job for them waits.
func (f *offers) refresh(ctx context.Context) error {
	up, err := f.line.Renderers(ctx)
	if err != nil {
		return fmt.Errorf("ask for renderers: %w", err)
	}
	f.mu.Lock()
	f.none = len(up) == 0
	f.mu.Unlock()
	o, err := gather(up)
	if err != nil || len(o.Models) == 0 {
		return err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("remember offer: %w", err)
	}
	f.mu.Lock()
	same := f.kept == string(text)
	f.now, f.kept = o, string(text)
	f.mu.Unlock()
	if same {
		return nil
	}
	return f.memory.SetMeta(ctx, offerMeta, string(text))
}

// gather joins what renderers announce: each model once, in the order of their slots.
func gather(up []queue.Renderer) (admit.Offer, error) {
	var o admit.Offer
	seen := map[string]bool{}
	for _, r := range up {
		for _, announced := range r.Models {
			var m admit.Model
			if len(announced.Card) > 0 {
				if err := json.Unmarshal(announced.Card, &m); err != nil {
					return admit.Offer{}, fmt.Errorf("read the card of model %s at renderer %s: %w", announced.Name, r.Slot, err)
				}
			}
			m.Name, m.Hash = announced.Name, announced.Hash
			if m.Hash != "" && !seen[m.Hash] {
				seen[m.Hash] = true
				o.Models = append(o.Models, m)
			}
		}
	}
	return o, nil
}

// refreshOffers keeps the offer fresh, and what was learnt of the time it takes.
func (b *Bot) refreshOffers(ctx context.Context) error {
	quiet := true
	for {
		err := errors.Join(b.offers.refresh(ctx), b.costs.keep(ctx, b.ledger))
		if err != nil && quiet && ctx.Err() == nil {
			b.log.Warn("what renderers offer, or how long they take, is not known anew", "error", err)
		}
		quiet = err == nil
		pace := b.o.Pace.Offer
		if len(b.offers.current().Models) == 0 {
			pace = min(pace, 500*time.Millisecond) // the first renderer is being waited for
		}
		if sleep(ctx, pace) != nil {
			return nil
		}
	}
}
