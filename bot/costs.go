package bot

import (
	"math"
	"sync"

	"darkroom/render/picture"
)

// firstGuess is what a picture is charged before any was measured, in milliseconds per step and megapixel. A guess that
// is wrong for all is wrong for nobody: fairness compares costs, and the true time replaces the estimate when it is done.
const firstGuess = 4000.0

// learning is how much a new measurement moves the estimate.
const learning = 0.2

// costs estimates a job's renderer time from those that were measured, by model.
type costs struct {
	mu   sync.Mutex
	rate map[string]float64 // milliseconds per step and megapixel, by model hash
}

func newCosts() *costs { return &costs{rate: map[string]float64{}} }

// work is what a Spec asks for, in steps times megapixels.
func work(s picture.Spec) float64 {
	steps := float64(s.Steps)
	if s.Init != nil {
		steps *= s.Init.Strength
	}
	mega := float64(s.Width) * float64(s.Height) / 1e6
	w := steps * mega
	if h := s.Hires; h != nil {
		w += float64(h.Steps) * h.Strength * mega * h.Scale * h.Scale
	}
	return math.Max(w*float64(s.Count), 1e-6)
}

// of returns the estimate in milliseconds, at least 1.
func (c *costs) of(s picture.Spec) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	rate, ok := c.rate[s.Model.Hash]
	if !ok {
		rate = firstGuess
	}
	return max(1, int64(rate*work(s)))
}

// learn takes a measurement.
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
	rate := float64(ms) / work(s)
	if old, ok := c.rate[s.Model.Hash]; ok {
		rate = old + learning*(rate-old)
	}
	c.rate[s.Model.Hash] = rate
}
