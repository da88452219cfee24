package dynamic

import (
	"math/bits"
	"slices"
)

// urn holds options that are drawn by their weights. To draw one takes time by the logarithm of how many there are.
type urn struct {
	options  []option
	weights  tree
	idle     tree // 1 for each option without weight: they weigh the same once all others are drawn
	weighted int  // how many have a weight
}

func newUrn(options []option) *urn {
	u := &urn{options: options, weights: make(tree, len(options)+1), idle: make(tree, len(options)+1)}
	for i, o := range options {
		if o.weight > 0 {
			u.weights[i+1] = o.weight
			u.weighted++
		} else {
			u.idle[i+1] = 1
		}
	}
	u.weights.grow()
	u.idle.grow()
	return u
}

// draw takes n options, none twice, in the order drawn, and lays them back.
func (u *urn) draw(d *dice, n int) []option {
	picked := make([]option, 0, n)
	var taken []int
	for range n {
		i := u.one(d, taken)
		u.weigh(i, -1)
		picked, taken = append(picked, u.options[i]), append(taken, i)
	}
	for _, i := range slices.Backward(taken) {
		u.weigh(i, 1)
	}
	return picked
}

// one draws one that was not taken.
func (u *urn) one(d *dice, taken []int) int {
	t, weighted := u.weights, len(taken) < u.weighted
	if !weighted {
		t = u.idle
	}
	i := min(t.find(d.share()*t.total()), len(u.options)-1)
	for slices.Contains(taken, i) || u.options[i].weight > 0 != weighted { // sums of fractions are not exact
		i = (i + len(u.options) - 1) % len(u.options)
	}
	return i
}

func (u *urn) weigh(i int, sign float64) {
	if w := u.options[i].weight; w > 0 {
		u.weights.add(i, sign*w)
	} else {
		u.idle.add(i, sign)
	}
}

// tree is a binary indexed tree (Fenwick, 1994, "A New Data Structure for Cumulative Frequency Tables"): t[i] is the sum
// of the lowest set bit of i many weights, up to the i-th.
type tree []float64

// grow makes a tree of weights, the first of which is t[1].
func (t tree) grow() {
	for i := range t {
		if up := i + i&-i; i > 0 && up < len(t) {
			t[up] += t[i]
		}
	}
}

func (t tree) add(i int, weight float64) {
	for i++; i < len(t); i += i & -i {
		t[i] += weight
	}
}

func (t tree) total() (sum float64) {
	for i := len(t) - 1; i > 0; i &= i - 1 {
		sum += t[i]
	}
	return sum
}

// find returns the first place where the sum of the weights is greater than at.
func (t tree) find(at float64) (place int) {
	for step := 1 << bits.Len(uint(len(t))); step > 0; step >>= 1 {
		if next := place + step; next < len(t) && t[next] <= at {
			place, at = next, at-t[next]
		}
	}
	return place
}
