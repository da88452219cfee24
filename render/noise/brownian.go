package noise

import (
	"math"
	"slices"
	"strconv"
)

// Brownian is a path of Brownian motion between two times, the same in whatever order it is read: torchsde's
// BrownianInterval with a halfway tree, tolerance 1e-6 and a pool of 24, as k-diffusion's BrownianTreeNoiseSampler
// opens it. An interval is halved until an end of the requested interval is met. Each half draws from a generator of
// its own, whose seed comes from numpy's SeedSequence of the path's seed and the interval's place in the tree.
//
// It keeps the halves around its last result, so it is for one goroutine.
type Brownian struct {
	entropy int64
	size    int
	open    func(seed int64) Source
	root    *interval
}

// interval is a node of the tree: the increment of the path over it.
type interval struct {
	from, to    float64
	delta       []float32
	key         uint64 // its number among those of its depth
	depth       uint32
	left, right *interval
}

// NewBrownian opens the path of a seed, of that many values, between two times. open makes the generators.
func NewBrownian(seed int64, size int, from, to float64, open func(seed int64) Source) *Brownian {
	from, to = roundDecimals(min(from, to)), roundDecimals(max(from, to))
	b := &Brownian{entropy: seed, size: size, open: open}
	whole := b.draw(int64(seedSequence(seed, nil, 3)[0]))
	scale(whole, float32(math.Sqrt(to-from)))
	b.root = &interval{from: from, to: to, delta: whole}
	return b
}

// Fill sets dst to the increment of the path from one time to another, divided by the root of the time between:
// standard normal noise. Times outside the path's range count as its ends.
func (b *Brownian) Fill(dst []float32, from, to float64) {
	sign := float32(1 / math.Sqrt(math.Abs(from-to)))
	if from > to {
		from, to, sign = to, from, -sign
	}
	clear(dst)
	from, to = max(roundDecimals(from), b.root.from), min(roundDecimals(to), b.root.to)
	b.add(dst, b.root, from, to)
	b.root.forget(from, to)
	scale(dst, sign)
}

// forget drops the halves outside the last requested interval: they can be drawn again, and 24 levels of them for every
// step would take more memory than the image.
func (s *interval) forget(from, to float64) {
	if s.left == nil {
		return
	}
	if from >= s.to || to <= s.from {
		s.left, s.right = nil, nil
		return
	}
	s.left.forget(from, to)
	s.right.forget(from, to)
}

// add adds the increment of the path over the part of an interval that lies between two times. An end inside a leaf
// halves it, at a midpoint of six decimals, until the end is met.
func (b *Brownian) add(dst []float32, s *interval, from, to float64) {
	if from >= s.to || to <= s.from || from >= to {
		return
	}
	if from <= s.from && to >= s.to {
		for i, v := range s.delta {
			dst[i] += v
		}
		return
	}
	b.split(s)
	b.add(dst, s.left, from, to)
	b.add(dst, s.right, from, to)
}

// split splits an interval by the Brownian bridge: the increment to the middle is normal around its share of the whole,
// with variance (middle−from)(to−middle)/(to−from).
func (b *Brownian) split(s *interval) {
	if s.left != nil {
		return
	}
	middle := roundDecimals((s.from + s.to) / 2)
	share := (middle - s.from) / (s.to - s.from)
	deviation := math.Sqrt((middle - s.from) * (s.to - middle) / (s.to - s.from))
	left := b.draw(int64(seedSequence(b.entropy, []uint64{s.key, uint64(s.depth)}, 4)[0]))
	right := slices.Clone(s.delta)
	for i, v := range s.delta {
		left[i] = float32(float32(share)*v) + float32(float32(deviation)*left[i])
		right[i] -= left[i]
	}
	s.left = &interval{from: s.from, to: middle, delta: left, key: 2 * s.key, depth: s.depth + 1}
	s.right = &interval{from: middle, to: s.to, delta: right, key: 2*s.key + 1, depth: s.depth + 1}
}

func (b *Brownian) draw(seed int64) []float32 {
	values := make([]float32, b.size)
	b.open(seed).Fill(values)
	return values
}

func scale(values []float32, by float32) {
	for i := range values {
		values[i] *= by
	}
}

// roundDecimals rounds a time to six decimals as Python's round does: the decimal number nearest to the exact value.
func roundDecimals(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'f', 6, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}
