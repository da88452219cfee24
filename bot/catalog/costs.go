package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"

	"darkroom/render"
	"darkroom/render/picture"
)

// initialRate is what an image costs before any was measured, in milliseconds per step and megapixel. Fairness compares
// costs, so a guess that is equally wrong for all does no harm. The true time replaces the estimate when a job is done.
const initialRate = 4000.0

// learningRate is how much a new measurement moves the estimate.
const learningRate = 0.2

// ratesMeta is the name of the stored rates.
const ratesMeta = "rates"

// costs estimates the render time of a job from measured times, by model.
type costs struct {
	mu     sync.Mutex
	known  rates
	saved  string                               // as they were stored last
	traits func(modelHash string) render.Traits // of a model, if it is known
}

// rates are measured times, in milliseconds.
type rates struct {
	Models map[string]float64 `json:"models"` // per step and megapixel, by model hash
	Post   float64            `json:"post"`   // to post a job's images
}

func newCosts(traits func(modelHash string) render.Traits) *costs {
	return &costs{known: rates{Models: map[string]float64{}}, traits: traits}
}

// effort is how much work a Spec is, and never 0.
func (c *costs) effort(s picture.Spec) float64 {
	return math.Max(render.Effort(s, c.traits(s.Model.Hash)), 1e-6)
}

// estimate returns the estimate in milliseconds, at least 1.
func (c *costs) estimate(s picture.Spec) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	rate, ok := c.known.Models[s.Model.Hash]
	if !ok {
		rate = initialRate
	}
	return max(1, int64(rate*c.effort(s)+c.known.Post))
}

// Estimate returns what a Spec costs, in milliseconds, at least 1.
func (c *Catalog) Estimate(s picture.Spec) int64 { return c.costs.estimate(s) }

// Learn adds the measured times of a finished job, in milliseconds by stage.
func (c *Catalog) Learn(s picture.Spec, stages map[string]int64) { c.costs.learn(s, stages) }

// learn adds a measurement.
func (c *costs) learn(s picture.Spec, stages map[string]int64) {
	var ms int64
	for _, stage := range []string{"encode", "denoise", "decode"} {
		ms += stages[stage]
	}
	if ms <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	rate := float64(ms) / c.effort(s)
	if old, ok := c.known.Models[s.Model.Hash]; ok {
		rate = old + learningRate*(rate-old)
	}
	c.known.Models[s.Model.Hash] = rate
	if post, ok := stages["post"]; ok {
		c.known.Post += learningRate * (float64(post) - c.known.Post)
	}
}

// load reads the stored rates, so that estimates are as good after a restart as before it.
func (c *costs) load(ctx context.Context, m Store) error {
	text, err := m.Meta(ctx, ratesMeta)
	if err != nil || text == "" {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	read := rates{}
	if err := json.Unmarshal([]byte(text), &read); err != nil {
		return fmt.Errorf("read measured rates: %w", err)
	}
	if read.Models != nil {
		c.known = read
	}
	return nil
}

// save stores the rates if they changed.
func (c *costs) save(ctx context.Context, m Store) error {
	c.mu.Lock()
	text, err := json.Marshal(c.known)
	same := string(text) == c.saved
	c.mu.Unlock()
	if err != nil || same {
		return err
	}
	if err := m.SetMeta(ctx, ratesMeta, string(text)); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.saved = string(text)
	return nil
}
