package dynamic

import (
	"math/bits"
	"slices"
)

// weightedPool holds options that are drawn by their weights. A draw takes logarithmic time.
type weightedPool struct {
	options    []option
	weights    fenwickTree
	unweighted fenwickTree // 1 for each option of weight 0: they are equally likely once all others are drawn
	weighted   int         // how many have a weight
}

func newWeightedPool(options []option) *weightedPool {
	u := &weightedPool{
		options: options, weights: make(fenwickTree, len(options)+1), unweighted: make(fenwickTree, len(options)+1),
	}
	for i, o := range options {
		if o.weight > 0 {
			u.weights[i+1] = o.weight
			u.weighted++
		} else {
			u.unweighted[i+1] = 1
		}
	}
	u.weights.build()
	u.unweighted.build()
	return u
}

// draw takes n options, none twice, in the order drawn, and puts them back.
func (u *weightedPool) draw(d *generator, n int) []option {
	picked := make([]option, 0, n)
	var taken []int
	for range n {
		i := u.drawOne(d, taken)
		u.addWeight(i, -1)
		picked, taken = append(picked, u.options[i]), append(taken, i)
	}
	for _, i := range slices.Backward(taken) {
		u.addWeight(i, 1)
	}
	return picked
}

// drawOne draws one that is not taken yet.
func (u *weightedPool) drawOne(d *generator, taken []int) int {
	t, weighted := u.weights, len(taken) < u.weighted
	if !weighted {
		t = u.unweighted
	}
	i := min(t.find(d.fraction()*t.total()), len(u.options)-1)
	for slices.Contains(taken, i) || u.options[i].weight > 0 != weighted { // sums of fractions are not exact
		i = (i + len(u.options) - 1) % len(u.options)
	}
	return i
}

func (u *weightedPool) addWeight(i int, sign float64) {
	if w := u.options[i].weight; w > 0 {
		u.weights.add(i, sign*w)
	} else {
		u.unweighted.add(i, sign)
	}
}

// fenwickTree is a binary indexed tree (Fenwick, 1994, "A New Data Structure for Cumulative Frequency Tables"): t[i] is
// the sum of the lowest set bit of i many weights, up to the i-th.
type fenwickTree []float64

// build makes a tree of weights, the first of which is t[1].
func (t fenwickTree) build() {
	for i := range t {
		if up := i + i&-i; i > 0 && up < len(t) {
			t[up] += t[i]
		}
	}
}

func (t fenwickTree) add(i int, weight float64) {
	for i++; i < len(t); i += i & -i {
		t[i] += weight
	}
}

func (t fenwickTree) total() (sum float64) {
	for i := len(t) - 1; i > 0; i &= i - 1 {
		sum += t[i]
	}
	return sum
}

// find returns the first place where the sum of the weights is greater than at.
func (t fenwickTree) find(at float64) (place int) {
	for step := 1 << bits.Len(uint(len(t))); step > 0; step >>= 1 {
		if next := place + step; next < len(t) && t[next] <= at {
			place, at = next, at-t[next]
		}
	}
	return place
}
