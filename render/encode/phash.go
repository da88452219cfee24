package encode

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/bits"
	"slices"
	"strconv"

	"golang.org/x/image/draw"
)

// The perceptual hash uses the lowest hashSide x hashSide frequencies of an image scaled to hashScale x hashScale.
const (
	hashSide  = 8
	hashScale = 32
)

// PHash returns a perceptual hash of 64 bits as 16 hex digits: those of one image in two encodings differ in 0 to about
// 8 bits, those of unrelated images in around 32. It is the DCT hash that the Python package imagehash calls phash: the
// lowest 8 x 8 frequencies of the grey image at 32 x 32, each compared with their median.
func PHash(img image.Image) string {
	low := frequencies(greys(img))
	sorted := slices.Clone(low[:])
	slices.Sort(sorted)
	median := (sorted[len(sorted)/2-1] + sorted[len(sorted)/2]) / 2
	var hash uint64
	for _, f := range low {
		hash <<= 1
		if f > median {
			hash |= 1
		}
	}
	return fmt.Sprintf("%016x", hash)
}

// PHashDistance counts the bits in which two perceptual hashes differ; 64 if one cannot be read.
func PHashDistance(a, b string) int {
	x, errX := strconv.ParseUint(a, 16, 64)
	y, errY := strconv.ParseUint(b, 16, 64)
	if errX != nil || errY != nil || len(a) != 16 || len(b) != 16 {
		return 64
	}
	return bits.OnesCount64(x ^ y)
}

// greys returns the image in grey at hashScale x hashScale, transparent places black.
func greys(img image.Image) [hashScale][hashScale]float64 {
	small := image.NewRGBA(image.Rect(0, 0, hashScale, hashScale))
	draw.BiLinear.Scale(small, small.Bounds(), img, img.Bounds(), draw.Src, nil)
	var out [hashScale][hashScale]float64
	for y := range hashScale {
		for x := range hashScale {
			out[y][x] = float64(color.Gray16Model.Convert(small.At(x, y)).(color.Gray16).Y)
		}
	}
	return out
}

// frequencies returns the lowest hashSide x hashSide coefficients of the two-dimensional DCT-II, row by row:
// F(v,u) = 4 Σ f(y,x) cos(πv(2y+1)/2N) cos(πu(2x+1)/2N). They are rounded, so that zero has no sign.
func frequencies(f [hashScale][hashScale]float64) (out [hashSide * hashSide]float64) {
	for v := range hashSide {
		for u := range hashSide {
			sum := 0.0
			for y := range hashScale {
				for x := range hashScale {
					sum += f[y][x] * wave(v, y) * wave(u, x)
				}
			}
			out[v*hashSide+u] = math.Round(4 * sum)
		}
	}
	return out
}

// wave is the DCT's cosine of frequency k at sample i.
func wave(k, i int) float64 {
	return math.Cos(math.Pi * float64(k) * float64(2*i+1) / (2 * hashScale))
}
