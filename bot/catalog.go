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

// catalogMeta is the name under which the last offer is remembered, so that jobs can be promised while no renderer is up.
const catalogMeta = "offer"

// offers knows what can be painted: what renderers announce, or announced last.
type catalog struct {
	meta  metaStore
	queue interface {
		Renderers(ctx context.Context) ([]queue.Renderer, error)
	}

	mu          sync.RWMutex
	available   admit.Available
	noRenderers bool   // the queue was asked and no renderer is up
	saved       string // the JSON that is remembered
}

func newCatalog(m metaStore, l Queue) *catalog { return &catalog{meta: m, queue: l} }

// current returns the offer as it is known now.
func (c *catalog) current() admit.Available {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.available
}

// habits are those of a model that is or was offered; none for one that is not known.
func (c *catalog) traits(hash string) render.Traits {
	for _, m := range c.current().Models {
		if m.Hash == hash {
			return m.Traits
		}
	}
	return render.Traits{}
}

// known returns the offer. While there is none it asks the queue again for up to a second: the first picture is often
// asked for in the moment in which the first renderer comes up.
func (c *catalog) await(ctx context.Context) admit.Available {
	ctx, cancel := context.WithTimeout(ctx, acceptTimeout*2/3)
	defer cancel()
	for {
		if all := c.current(); len(all.Models) > 0 {
			return all
		}
		_ = c.refresh(ctx) // whatever is wrong, refreshCatalog meets and logs it too
		if sleep(ctx, 50*time.Millisecond) != nil {
			return c.current()
		}
	}
}

// idle tells whether it is known that no renderer is up.
func (c *catalog) hasNoRenderers() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.noRenderers
}

// recall reads the remembered offer.
func (c *catalog) load(ctx context.Context, log *slog.Logger) {
	text, err := c.meta.Meta(ctx, catalogMeta)
	var all admit.Available
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &all)
	}
	if err != nil {
		log.Warn("the remembered offer cannot be read", "error", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.available, c.saved = all, text
}

// refresh asks the queue which renderers are up. When there are none, the last offer stays: a job for them waits.
func (c *catalog) refresh(ctx context.Context) error {
	renderers, err := c.queue.Renderers(ctx)
	if err != nil {
		return fmt.Errorf("ask for renderers: %w", err)
	}
	c.mu.Lock()
	c.noRenderers = len(renderers) == 0
	c.mu.Unlock()
	all, err := mergeModels(renderers)
	if err != nil || len(all.Models) == 0 {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("remember offer: %w", err)
	}
	c.mu.Lock()
	same := c.saved == string(text)
	c.available, c.saved = all, string(text)
	c.mu.Unlock()
	if same {
		return nil
	}
	return c.meta.SetMeta(ctx, catalogMeta, string(text))
}

// gather joins what renderers announce: each model once, in the order of their slots.
func mergeModels(renderers []queue.Renderer) (admit.Available, error) {
	var all admit.Available
	seen := map[string]bool{}
	for _, r := range renderers {
		for _, announced := range r.Models {
			var m admit.Model
			if len(announced.Card) > 0 {
				if err := json.Unmarshal(announced.Card, &m); err != nil {
					return admit.Available{}, fmt.Errorf("read the card of model %s at renderer %s: %w", announced.Name, r.Slot, err)
				}
			}
			m.Name, m.Hash = announced.Name, announced.Hash
			if m.Hash != "" && !seen[m.Hash] {
				seen[m.Hash] = true
				all.Models = append(all.Models, m)
			}
		}
	}
	return all, nil
}

// refreshCatalog keeps the offer fresh, and what was learnt of the time it takes.
func (b *Bot) refreshCatalog(ctx context.Context) error {
	healthy := true
	for {
		err := errors.Join(b.catalog.refresh(ctx), b.costs.save(ctx, b.db))
		if err != nil && healthy && ctx.Err() == nil {
			b.log.Warn("what renderers offer, or how long they take, is not known anew", "error", err)
		}
		healthy = err == nil
		pace := b.o.Intervals.Catalog
		if len(b.catalog.current().Models) == 0 {
			pace = min(pace, 500*time.Millisecond) // the first renderer is being waited for
		}
		if sleep(ctx, pace) != nil {
			return nil
		}
	}
}
