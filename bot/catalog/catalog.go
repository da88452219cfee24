package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/render"
	"darkroom/render/request"
)

const (
	// metaName is the name of the stored catalog. With it, jobs are accepted while no renderer is online.
	metaName = "offer"
	// awaitTimeout is how long a request waits for the first renderer.
	awaitTimeout = time.Second
)

// Store stores the catalog and the measured rates.
type Store interface {
	Meta(ctx context.Context, name string) (string, error)
	SetMeta(ctx context.Context, name, value string) error
}

// Queue knows which renderers are online.
type Queue interface {
	Renderers(ctx context.Context) ([]queue.Renderer, error)
}

// Options are the parts of a Catalog. All but Upscaler are required.
type Options struct {
	Store    Store
	Queue    Queue
	Interval time.Duration // how often the queue is asked
	Upscaler string        // that the operator has set for models without one of their own; "" for none
	Log      *slog.Logger
}

// Catalog knows what can be rendered: what renderers announce, or announced last. It also knows what an image costs.
type Catalog struct {
	o     Options
	costs *costs

	mu          sync.RWMutex
	available   request.Available
	noRenderers bool   // the queue was asked, and no renderer is online
	saved       string // the JSON that is stored
	images      map[string]shown
}

// New returns a Catalog that knows nothing yet.
func New(o Options) *Catalog {
	c := &Catalog{o: o}
	c.costs = newCosts(c.traits, c.addon)
	return c
}

// Load reads what is stored. What cannot be read is learned again.
func (c *Catalog) Load(ctx context.Context) {
	if err := c.loadModels(ctx); err != nil {
		c.o.Log.Warn("the remembered catalog cannot be read", "error", err)
	}
	if err := c.costs.load(ctx, c.o.Store); err != nil {
		c.o.Log.Warn("the measured rates cannot be read", "error", err)
	}
}

// Run keeps the catalog up to date, and stores the measured rates, until ctx is done.
func (c *Catalog) Run(ctx context.Context) error {
	healthy := true
	for {
		err := errors.Join(c.refresh(ctx), c.costs.save(ctx, c.o.Store))
		if err != nil && healthy && ctx.Err() == nil {
			c.o.Log.Warn("the catalog or the measured rates are not refreshed", "error", err)
		}
		healthy = err == nil
		interval := c.o.Interval
		if len(c.Available().Models) == 0 {
			interval = min(interval, 500*time.Millisecond) // the first renderer is expected
		}
		if backoff.Sleep(ctx, interval) != nil {
			return nil
		}
	}
}

// Available returns what can be rendered, as far as it is known now.
func (c *Catalog) Available() request.Available {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := c.available
	all.Upscaler = c.o.Upscaler
	return all
}

// Await returns what can be rendered. While nothing is known it asks the queue again for up to a second: people often
// ask for the first image just when the first renderer starts.
func (c *Catalog) Await(ctx context.Context) request.Available {
	ctx, cancel := context.WithTimeout(ctx, awaitTimeout)
	defer cancel()
	for {
		if all := c.Available(); len(all.Models) > 0 {
			return all
		}
		_ = c.refresh(ctx) // Run gets and logs the same error
		if backoff.Sleep(ctx, 50*time.Millisecond) != nil {
			return c.Available()
		}
	}
}

// NoRenderers tells whether it is known that no renderer is online.
func (c *Catalog) NoRenderers() bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.noRenderers
}

// traits returns the traits of a model that is or was available. An unknown model has none.
func (c *Catalog) traits(hash string) render.Traits {
	for _, m := range c.Available().Models {
		if m.Hash == hash {
			return m.Traits
		}
	}
	return render.Traits{}
}

// addon returns the card of an add-on that is or was available; the zero card if it is unknown.
func (c *Catalog) addon(hash string) request.AddonCard {
	for _, a := range c.Available().Addons {
		if a.Hash == hash {
			return a
		}
	}
	return request.AddonCard{}
}

// loadModels reads the stored models.
func (c *Catalog) loadModels(ctx context.Context) error {
	text, err := c.o.Store.Meta(ctx, metaName)
	var all request.Available
	if err == nil && text != "" {
		err = json.Unmarshal([]byte(text), &all)
	}
	if err != nil {
		return err
	}
	all.Remembered = true
	c.mu.Lock()
	defer c.mu.Unlock()
	c.available, c.saved = all, text
	return nil
}

// refresh asks the queue which renderers are online. If there are none, the last catalog stays and jobs wait for it.
func (c *Catalog) refresh(ctx context.Context) error {
	renderers, err := c.o.Queue.Renderers(ctx)
	if err != nil {
		return fmt.Errorf("ask for renderers: %w", err)
	}
	all, err := merge(renderers)
	c.mu.Lock()
	c.noRenderers = len(renderers) == 0
	c.available.Remembered = err != nil || len(all.Models) == 0
	c.mu.Unlock()
	if err != nil || len(all.Models) == 0 {
		return err
	}
	text, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("remember catalog: %w", err)
	}
	c.mu.Lock()
	same := c.saved == string(text)
	c.available, c.saved, c.images = all, string(text), imagesOf(renderers)
	c.mu.Unlock()
	if same {
		return nil
	}
	return c.o.Store.SetMeta(ctx, metaName, string(text))
}
