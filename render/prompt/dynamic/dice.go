package dynamic

import "math"

// dice draws by a seed. It is SplitMix64 (Steele, Lea and Flood, 2014, "Fast Splittable Pseudorandom Number Generators"),
// written out here so that what a seed chooses never changes with a library.
type dice struct{ state uint64 }

func newDice(seed int64) *dice { return &dice{state: uint64(seed)} }

func (d *dice) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// share draws a number from 0 up to, but not with, 1.
func (d *dice) share() float64 { return float64(d.next()>>11) / (1 << 53) }

// pick draws least to most of some options by their weights, none twice, in the order drawn. When all that is left has
// no weight, all of it weighs the same.
func (d *dice) pick(options []option, least, most int) []option {
	least, most = min(least, len(options)), min(most, len(options))
	n := least
	if most > least {
		n += int(d.share() * float64(most-least+1))
	}
	left := append([]option(nil), options...)
	picked := make([]option, 0, n)
	for range n {
		i := d.one(left)
		picked = append(picked, left[i])
		left = append(left[:i], left[i+1:]...)
	}
	return picked
}

// one draws one of at least one option.
func (d *dice) one(options []option) int {
	total := 0.0
	for _, o := range options {
		total += o.weight
	}
	at := d.share()
	if !(total > 0) || math.IsInf(total, 0) {
		return int(at * float64(len(options)))
	}
	at *= total
	for i, o := range options {
		if at -= o.weight; at < 0 {
			return i
		}
	}
	return len(options) - 1
}
