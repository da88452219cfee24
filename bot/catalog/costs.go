package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// initialRate is what an image costs before any was measured, in milliseconds per step and megapixel. Fairness compares
// costs, so a guess that is equally wrong for all does no harm. The true time replaces the estimate when a job is done.
const initialRate = 4000.0

// The work of a network that enlarges images, before any was measured.
const (
	initialSpeed = 650e6 // multiplications per millisecond: what initialRate means for Stable Diffusion 1
	unknownWork  = 1e5   // multiplications per pixel of a network whose card does not say
	unknownScale = 2     // of such a network
)

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
	addon  func(hash string) request.AddonCard  // of an upscaler; the zero card if it is not known
}

// rates are measured times, in milliseconds.
type rates struct {
	Models map[string]float64 `json:"models"` // per step and megapixel, by model hash
	Post   float64            `json:"post"`   // to post a job's images

	Upscalers map[string]float64 `json:"upscalers,omitempty"` // per megapixel that the network reads, by its hash
}

func newCosts(traits func(modelHash string) render.Traits, addon func(hash string) request.AddonCard) *costs {
	return &costs{
		known: rates{Models: map[string]float64{}, Upscalers: map[string]float64{}}, traits: traits, addon: addon,
	}
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
	return max(1, int64(rate*c.effort(s)+c.enlarging(s)+c.known.Post))
}

// enlarging estimates the time of the network that enlarges the images of a Spec, in milliseconds.
func (c *costs) enlarging(s picture.Spec) float64 {
	if s.Upscaler == nil || s.Upscale == nil {
		return 0
	}
	rate, ok := c.known.Upscalers[s.Upscaler.Hash]
	if !ok {
		rate = cmp.Or(c.addon(s.Upscaler.Hash).Work, unknownWork) * 1e6 / initialSpeed
	}
	return rate * c.enlarged(s)
}

// enlarged is how many megapixels the network of a Spec reads: those of the images and, where it runs on what it made,
// those too.
func (c *costs) enlarged(s picture.Spec) (mega float64) {
	scale := float64(cmp.Or(c.addon(s.Upscaler.Hash).Scale, unknownScale))
	size := s.Enlarged()
	for side, n := float64(size.Width)/s.Upscale.Scale, 0; side < float64(size.Width) && n < 3; n++ {
		mega += side * side * float64(size.Height) / float64(size.Width) / 1e6
		if side *= scale; scale < 2 {
			break
		}
	}
	return mega * float64(s.Count)
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
	if post, ok := stages["post"]; ok {
		c.known.Post += learningRate * (float64(post) - c.known.Post)
	}
	if u := s.Upscale; u != nil && u.Strength > 0 { // it is repainted in the same stage
		if s.Upscaler != nil {
			return
		}
		ms += stages["upscale"]
	}
	learned(c.known.Models, s.Model.Hash, float64(ms)/c.effort(s))
	if s.Upscaler != nil && s.Upscale != nil && stages["upscale"] > 0 {
		learned(c.known.Upscalers, s.Upscaler.Hash, float64(stages["upscale"])/c.enlarged(s))
	}
}

// learned moves a rate towards a measurement. The first one counts whole.
func learned(rates map[string]float64, hash string, measured float64) {
	if old, ok := rates[hash]; ok {
		measured = old + learningRate*(measured-old)
	}
	rates[hash] = measured
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
	if read.Upscalers == nil {
		read.Upscalers = map[string]float64{}
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
