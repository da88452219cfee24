package dynamic

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// drawFromList draws as an urn does, but from a list that is gone through each time.
func drawFromList(d *generator, left []option, n int) (picked []option) {
	left = append([]option(nil), left...)
	for range n {
		total := 0.0
		for _, o := range left {
			total += o.weight
		}
		at := d.fraction()
		i := int(at * float64(len(left)))
		if at *= total; total > 0 {
			for i = 0; at >= left[i].weight; i++ {
				at -= left[i].weight
			}
		}
		picked = append(picked, left[i])
		left = append(left[:i], left[i+1:]...)
	}
	return picked
}

func TestPoolDrawsLikeList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var options []option
		for i, w := range rapid.SliceOfN(rapid.IntRange(0, 5), 1, 40).Draw(t, "weights") {
			options = append(options, option{weight: float64(w), permutations: i})
		}
		seed := rapid.Int64().Draw(t, "seed")
		u, a, b := newWeightedPool(options), newGenerator(seed), newGenerator(seed)
		for range 3 { // what was drawn is laid back
			n := rapid.IntRange(0, len(options)).Draw(t, "n")
			if got, want := u.draw(a, n), drawFromList(b, options, n); len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("got %v, want %v", got, want)
			}
		}
	})
}

func TestPoolDrawsFractionsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var options []option
		for i, w := range rapid.SliceOfN(rapid.Float64Range(0, 1e9), 1, 40).Draw(t, "weights") {
			options = append(options, option{weight: w, permutations: i})
		}
		u, d := newWeightedPool(options), newGenerator(rapid.Int64().Draw(t, "seed"))
		for range 20 {
			seen := map[int]bool{}
			for _, o := range u.draw(d, len(options)) {
				seen[o.permutations] = true
			}
			if len(seen) != len(options) {
				t.Fatalf("got %d different ones of %d", len(seen), len(options))
			}
		}
	})
}
