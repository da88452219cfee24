package noise

import "math"

// block is how many numbers torch's vectorised path makes at a time: eight pairs, cosines first, then sines.
const block = 16

// Torch draws what torch.randn draws on the CPU in float32, bit for bit as PyTorch's x86 builds do (see cephes.go).
// PyTorch on other processors takes its logarithm, cosine and sine from the C library; there the last bits differ.
type Torch struct {
	engine *mersenne
	spare  float64 // the sine half of a pair of the scalar path, for the next call
	kept   bool
}

// NewTorch returns the generator as torch.manual_seed sets it. Only the low 32 bits of a seed count.
func NewTorch(seed int64) *Torch { return &Torch{engine: newMersenne(seed)} }

// Fill overwrites dst with the numbers of one torch.randn(len(dst)).
func (t *Torch) Fill(dst []float32) {
	if len(dst) < block {
		t.fillScalar(dst)
		return
	}
	t.uniform(dst)
	for i := 0; i+block <= len(dst); i += block {
		boxMuller((*[block]float32)(dst[i:]))
	}
	if len(dst)%block != 0 {
		// The last 16 values are drawn again, over finished values of the block before.
		tail := dst[len(dst)-block:]
		t.uniform(tail)
		boxMuller((*[block]float32)(tail))
	}
}

// uniform fills dst with numbers of 24 random bits in [0, 1).
func (t *Torch) uniform(dst []float32) {
	for i := range dst {
		dst[i] = float32(t.engine.uint32()&(1<<24-1)) * (1.0 / (1 << 24))
	}
}

// boxMuller turns sixteen uniform numbers into normal ones: √(−2 ln u₁)·cos 2πu₂ into the first eight places and
// √(−2 ln u₁)·sin 2πu₂ into the last eight.
func boxMuller(d *[block]float32) {
	for j := range block / 2 {
		radius := sqrt32(float32(-2 * log32(1-d[j])))
		sin, cos := sincos32(float32(2*math.Pi) * d[j+block/2])
		d[j], d[j+block/2] = radius*cos, radius*sin
	}
}

// fillScalar is torch's path for fewer than 16 values: double precision, pair by pair, the second half of a pair
// kept for the next call.
func (t *Torch) fillScalar(dst []float32) {
	for i := range dst {
		dst[i] = float32(t.scalar())
	}
}

func (t *Torch) scalar() float64 {
	if t.kept {
		t.kept = false
		return t.spare
	}
	u1, u2 := t.double(), t.double()
	radius := math.Sqrt(-2 * math.Log1p(-u2))
	sin, cos := math.Sincos(2 * math.Pi * u1)
	t.spare, t.kept = radius*sin, true
	return radius * cos
}

// double returns a number of 53 random bits in [0, 1).
func (t *Torch) double() float64 { return float64(t.engine.uint64()&(1<<53-1)) * (1.0 / (1 << 53)) }

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
