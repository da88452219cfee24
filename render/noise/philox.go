package noise

import (
	"math"
	"math/bits"
)

// Philox draws what torch.randn draws on a CUDA device for one image, as A1111's "NV" source does: Philox4x32-10 of
// Salmon et al. (2011), one block for each value. All 64 bits of a seed count.
type Philox struct {
	key   [2]uint32
	calls uint32 // the generator's offset: one for each call, not for each value
}

// NewPhilox returns the generator of a seed at its beginning.
func NewPhilox(seed int64) *Philox {
	return &Philox{key: [2]uint32{uint32(seed), uint32(uint64(seed) >> 32)}}
}

// The scale and offset of the two uniform numbers. A1111 keeps them as float32 and calculates in float64.
const (
	unit         = 1.0 / (1 << 32)
	turnUnit     = float32(2 * math.Pi / (1 << 32))
	halfUnit     = unit / 2
	halfTurnUnit = turnUnit / 2
)

// Fill overwrites dst with the numbers of one torch.randn(len(dst)).
func (p *Philox) Fill(dst []float32) {
	for i := range dst {
		block := p.block([4]uint32{p.calls, 0, uint32(i), 0})
		u := float64(float64(block[0])*unit) + halfUnit
		v := float64(float64(block[1])*float64(turnUnit)) + float64(halfTurnUnit)
		dst[i] = float32(math.Sqrt(-2*math.Log(u)) * math.Sin(v))
	}
	p.calls++
}

// block runs the ten rounds over one counter.
func (p *Philox) block(c [4]uint32) [4]uint32 {
	const (
		multiplier0, multiplier2 = 0xd2511f53, 0xcd9e8d57
		weyl0, weyl1             = 0x9e3779b9, 0xbb67ae85 // added to the key before each further round
	)
	key := p.key
	for range 10 {
		high0, low0 := bits.Mul32(multiplier0, c[0])
		high2, low2 := bits.Mul32(multiplier2, c[2])
		c = [4]uint32{high2 ^ c[1] ^ key[0], low2, high0 ^ c[3] ^ key[1], low0}
		key[0] += weyl0
		key[1] += weyl1
	}
	return c
}
