package addon

import (
	"math/rand/v2"
	"slices"
	"testing"

	"darkroom/render/weightname"
)

// TestKindsRefuse feeds every kind tensors of shapes that mostly do not fit: what comes back fits the weight, or is an
// error, and nothing panics.
func TestKindsRefuse(t *testing.T) {
	t.Parallel()
	dice := rand.New(rand.NewPCG(1, 2))
	shape := func() []int {
		s := make([]int, dice.IntN(6))
		for i := range s {
			s[i] = 1 + dice.IntN(4)
		}
		return s
	}
	names := []weightname.Field{
		weightname.Alpha, weightname.Mid, weightname.DoRAScale, weightname.Magnitude, "hada_t1", "hada_t2", "lokr_t2",
		"rescale",
	}
	fitting := 0
	for range 40000 {
		k := kinds[dice.IntN(len(kinds))]
		f := fields{}
		for _, name := range append(slices.Clone(names[:dice.IntN(len(names))]), k.needs...) {
			s := shape()
			f[name] = values{s, make([]float32, volume(s))}
		}
		target := shape()
		if len(target) == 0 {
			target = []int{3}
		}
		w := values{target, make([]float32, volume(target))}
		keys := map[weightname.Field]string{}
		for name := range f {
			keys[name] = "x"
		}
		l := &LoRA{Name: "x", modules: map[string]map[weightname.Field]string{"m": keys}}
		e := entry{Use{LoRA: l, Ranks: dice.IntN(3)}, 1, "m", k, nil}
		if err := e.addToWeight(f, w); err == nil {
			fitting++
		}
		_ = e.addToBias(f, w) // it may refuse
	}
	if fitting < 200 {
		t.Errorf("only %d of the draws fit", fitting)
	}
}
