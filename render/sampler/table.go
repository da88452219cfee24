package sampler

import (
	"math"
	"sort"
)

// table holds σ = √((1−ᾱ)/ᾱ) of every training time, rising.
type table []float64

// The share of the image, ᾱ, that is left at the last time of a model trained to zero terminal SNR. A true zero has no
// σ: in float32 the smallest of these is as good.
const (
	zeroSNRIgnored   = 0                      // diffusers' classes that do not support it keep the table as it is
	zeroSNRNear      = 0x1p-24                // diffusers' Euler, multistep and UniPC classes
	zeroSNRExact     = 0x1p-80                // DDIM, DDPM, LCM and TCD keep a zero
	zeroSNRNearA1111 = 4.8973451890853435e-08 // A1111's sd_models.py
	noSignalSigma    = 0x1p39                 // σ from which on nothing of the image is left
)

// diffusersTable calculates as diffusers does, in float32 (ᾱ: a product in float64, each entry rounded).
func diffusersTable(c Config, end float64) table {
	betas := make([]float64, c.TrainSteps)
	if c.BetaSchedule == Linear {
		linspace32(betas, float32(c.BetaStart), float32(c.BetaEnd))
	} else {
		linspace32(betas, float32(math.Sqrt(c.BetaStart)), float32(math.Sqrt(c.BetaEnd)))
		for i, root := range betas {
			betas[i] = toFloat32(root * root)
		}
	}
	product := 1.0
	bars := make([]float64, len(betas))
	for i, beta := range betas {
		product *= toFloat32(1 - beta)
		bars[i] = toFloat32(product)
	}
	return sigmas(c, bars, end)
}

// a1111Table calculates as A1111's models do: betas and products in float64, ᾱ rounded to float32.
func a1111Table(c Config) table {
	bars := make([]float64, c.TrainSteps)
	from, to := c.BetaStart, c.BetaEnd
	if c.BetaSchedule == ScaledLinear {
		from, to = math.Sqrt(from), math.Sqrt(to)
	}
	product := 1.0
	for i := range bars {
		beta := from + (to-from)*float64(i)/float64(c.TrainSteps-1)
		if c.BetaSchedule == ScaledLinear {
			beta *= beta
		}
		product *= 1 - beta
		bars[i] = toFloat32(product)
	}
	return sigmas(c, bars, zeroSNRNearA1111)
}

// sigmas turns ᾱ into σ, after the rescaling to zero terminal SNR where the model was trained with it.
func sigmas(c Config, bars []float64, end float64) table {
	if c.ZeroSNR && end != zeroSNRIgnored {
		rescaleZeroSNR(bars, end)
	}
	out := make(table, len(bars))
	for i, bar := range bars {
		out[i] = toFloat32(math.Sqrt(toFloat32(toFloat32(1-bar) / bar)))
	}
	return out
}

// rescaleZeroSNR stretches √ᾱ so that the last one is zero: algorithm 1 of Lin et al. (2023), "Common Diffusion
// Noise Schedules and Sample Steps Are Flawed", rounded to float32 where diffusers rounds. The last ᾱ is then set to
// end.
func rescaleZeroSNR(bars []float64, end float64) {
	n := len(bars)
	first, last := toFloat32(math.Sqrt(bars[0])), toFloat32(math.Sqrt(bars[n-1]))
	stretch := toFloat32(first / toFloat32(first-last))
	for i, bar := range bars {
		root := toFloat32(toFloat32(toFloat32(math.Sqrt(bar))-last) * stretch)
		bars[i] = toFloat32(root * root)
	}
	if end != zeroSNRNearA1111 {
		roundThroughBetas(bars)
	}
	bars[n-1] = end
}

// roundThroughBetas rounds as diffusers does, which keeps ᾱ as betas in between.
func roundThroughBetas(bars []float64) {
	product, before := 1.0, 1.0
	for i, bar := range bars {
		beta := toFloat32(1 - toFloat32(bar/before))
		before = bar
		product *= toFloat32(1 - beta)
		bars[i] = toFloat32(product)
	}
}

// at returns σ at a time, linear in σ between two entries, as diffusers interpolates.
func (t table) at(time float64) float64 {
	low, weight := t.split(time)
	if weight == 0 {
		return t[low]
	}
	return toFloat32(t[low] + weight*(t[low+1]-t[low]))
}

// logAt returns σ at a time, linear in ln σ between two entries, as k-diffusion interpolates: in float32.
func (t table) logAt(time float64) float64 {
	low, weight := t.split(time)
	if weight == 0 {
		return t[low]
	}
	w := toFloat32(weight)
	return toFloat32(
		math.Exp(
			toFloat32(toFloat32(toFloat32(1-w)*toFloat32(math.Log(t[low]))) + toFloat32(w*toFloat32(math.Log(t[low+1])))),
		),
	)
}

func (t table) split(time float64) (low int, weight float64) {
	low = min(max(int(math.Floor(time)), 0), len(t)-1)
	if low == len(t)-1 {
		return low, 0
	}
	return low, time - float64(low)
}

// timeOf is the inverse of logAt: the training time that belongs to σ, within the table.
func (t table) timeOf(sigma float64) float64 {
	low := min(max(sort.SearchFloat64s(t, math.Nextafter(sigma, math.Inf(1)))-1, 0), len(t)-2)
	from, to := math.Log(t[low]), math.Log(t[low+1])
	weight := min(max((from-math.Log(sigma))/(from-to), 0), 1)
	return (1-weight)*float64(low) + weight*float64(low+1)
}

// diffusersTime is time as diffusers calculates it (_sigma_to_t): the table's logarithms and their differences are
// float32, all else is float64. Some of its classes cut off the fraction, so the last digit can make a whole time.
func (t table) diffusersTime(sigma float64) float64 {
	log := math.Log(sigma)
	at := func(i int) float64 { return toFloat32(math.Log(t[i])) }
	low := min(max(sort.Search(len(t), func(i int) bool { return at(i) > log })-1, 0), len(t)-2)
	weight := min(max((at(low)-log)/toFloat32(at(low)-at(low+1)), 0), 1)
	return (1-weight)*float64(low) + weight*float64(low+1)
}

func (t table) last() float64 { return t[len(t)-1] }

// linspace32 fills dst as torch.linspace does in float32: the first half from the start, the second from the end. On
// every processor with AVX2 torch fuses the product and the sum, so there is one rounding.
func linspace32(dst []float64, start, end float32) {
	n := len(dst)
	step := float32(0)
	if n > 1 {
		step = (end - start) / float32(n-1)
	}
	for i := range dst {
		if i < n/2 {
			dst[i] = float64(fma32(step, float32(i), start))
		} else {
			dst[i] = float64(fma32(-step, float32(n-1-i), end))
		}
	}
}

// fma32 returns a·b + c with a single rounding. In float64 the product is exact; the sum is rounded to odd, which keeps
// the second rounding, to float32, from rounding twice (Boldo and Melquiond, 2008, "Emulation of a FMA and Correctly
// Rounded Sums: Proved Algorithms Using Rounding to Odd").
func fma32(a, b, c float32) float32 {
	product, addend := float64(a)*float64(b), float64(c)
	sum := product + addend
	part := sum - product
	lost := float64(product-float64(sum-part)) + float64(addend-part) // Knuth's TwoSum
	bits := math.Float64bits(sum)
	switch {
	case lost == 0 || bits&1 == 1:
	case (lost > 0) == (sum > 0):
		bits++
	default:
		bits--
	}
	return float32(math.Float64frombits(bits))
}

// toFloat32 rounds to float32.
func toFloat32(x float64) float64 { return float64(float32(x)) }
