package vp8l

import (
	"errors"
	"image"
	"image/color"
	"math/bits"
)

// MaxSide is how many pixels an image may have in each direction.
const MaxSide = 1 << 14

// ErrSize means that an image is empty, or larger than MaxSide.
var ErrSize = errors.New("the format has no room for an image of this size")

// The transforms. Source: the specification, 4.
const (
	transformPredictor     = 0
	transformSubtractGreen = 2
)

// Encode returns the content of a VP8L chunk, and whether the image has transparent places. It needs four bytes of
// memory a pixel besides the result.
func Encode(img image.Image) (chunk []byte, transparent bool, err error) {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if w < 1 || h < 1 || w > MaxSide || h > MaxSide {
		return nil, false, ErrSize
	}
	pix, transparent := pixelsOf(img)
	b := &bitWriter{out: make([]byte, 0, len(pix))}
	b.put(0x2f, 8)
	b.put(uint32(w-1), 14)
	b.put(uint32(h-1), 14)
	b.put(bit(transparent), 1)
	b.put(0, 3) // version

	if !greenApart(pix) {
		b.put(1, 1)
		b.put(transformSubtractGreen, 2)
		subtractGreen(pix)
	}
	b.put(1, 1)
	b.put(transformPredictor, 2)
	b.put(tileBits-2, 3)
	all := chooseModes(pix, w, h)
	writeOfTiles(b, all, func(t tile) uint32 { return uint32(t.mode) })
	subtractPredictions(pix, w, h, all)
	b.put(0, 1) // no more transforms

	b.put(0, 1) // no cache of colours
	g := newGrouping(all, w, h)
	b.put(bit(g.count > 1), 1)
	if g.count > 1 {
		b.put(tileBits-2, 3)
		writeOfTiles(b, all, g.groupOf)
	}
	writePixels(b, pix, w, g)
	return b.bytes(), transparent, nil
}

func bit(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

// pixelsOf returns the pixels as alpha, red, green and blue.
func pixelsOf(img image.Image) (pix []uint32, transparent bool) {
	r := img.Bounds()
	pix = make([]uint32, 0, r.Dx()*r.Dy())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			var c color.NRGBA
			switch img := img.(type) {
			case *image.NRGBA:
				c = img.NRGBAAt(x, y)
			case *image.RGBA:
				c = opaqueAt(img, x, y)
			default:
				c = color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			}
			transparent = transparent || c.A < 255
			pix = append(pix, uint32(c.A)<<24|uint32(c.R)<<16|uint32(c.G)<<8|uint32(c.B))
		}
	}
	return pix, transparent
}

// opaqueAt is a pixel of an image whose colours are multiplied by alpha.
func opaqueAt(img *image.RGBA, x, y int) color.NRGBA {
	c := img.RGBAAt(x, y)
	if c.A == 255 {
		return color.NRGBA(c)
	}
	return color.NRGBAModel.Convert(c).(color.NRGBA)
}

// subtractGreen subtracts green from red and blue.
func subtractGreen(pix []uint32) {
	for i, p := range pix {
		green := p >> 8 & 255
		pix[i] = difference(p, green<<16|green)
	}
}

// greenApart tells whether red and blue have nothing to do with green, as in noise.
func greenApart(pix []uint32) bool {
	costs := costsOfBytes()
	alone, without := 0, 0
	for i := 1; i < len(pix); i += 7 {
		d := difference(pix[i], pix[i-1])
		green := d >> 8 & 255
		alone += costs[d>>16&255] + costs[d&255]
		without += costs[(d>>16-green)&255] + costs[(d-green)&255]
	}
	return alone < without
}

// writeOfTiles writes a number of each tile, as the green of an image.
func writeOfTiles(b *bitWriter, all []tile, number func(tile) uint32) {
	pix := make([]uint32, len(all))
	for i, t := range all {
		pix[i] = opaqueBlack | number(t)<<8
	}
	b.put(0, 1) // no cache of colours
	writePixels(b, pix, len(pix), grouping{count: 1})
}

const (
	greens      = 256 + 24 // values of green, and then lengths of runs
	distances   = 40
	minRun      = 3 // a shorter run costs more than its pixels
	maxRun      = 4096
	runOfAbove  = 1 // the codes of distances: the pixel above,
	runOfBefore = 2 // and the one before. Source: the specification, 5.2.2
)

// set is a set of codes, or of how often each of their symbols comes.
type set[T any] struct{ green, red, blue, alpha, distance T }

func newCounts() set[[]uint32] {
	return set[[]uint32]{
		make([]uint32, greens), make([]uint32, 256), make([]uint32, 256), make([]uint32, 256), make([]uint32, distances),
	}
}

// writePixels writes a set of codes for each group of tiles, and the pixels by them.
func writePixels(b *bitWriter, pix []uint32, w int, g grouping) {
	counts := make([]set[[]uint32], g.count)
	for i := range counts {
		counts[i] = newCounts()
	}
	eachRun(pix, w, func(i int, p uint32) {
		n := &counts[g.at(i)]
		n.green[p>>8&255]++
		n.red[p>>16&255]++
		n.blue[p&255]++
		n.alpha[p>>24]++
	}, func(i, length, distance int) {
		symbol, _, _ := prefixOf(length)
		n := &counts[g.at(i)]
		n.green[256+symbol]++
		n.distance[distance-1]++
	})
	sets := make([]set[codeWriter], g.count)
	for i, n := range counts {
		sets[i] = set[codeWriter]{
			newWriter(b, n.green), newWriter(b, n.red), newWriter(b, n.blue), newWriter(b, n.alpha), newWriter(b, n.distance),
		}
	}
	eachRun(pix, w, func(i int, p uint32) {
		s := &sets[g.at(i)]
		s.green.write(p >> 8 & 255)
		s.red.write(p >> 16 & 255)
		s.blue.write(p & 255)
		s.alpha.write(p >> 24)
	}, func(i, length, distance int) {
		symbol, extra, extraBits := prefixOf(length)
		s := &sets[g.at(i)]
		s.green.write(uint32(256 + symbol))
		b.put(extra, extraBits)
		s.distance.write(uint32(distance - 1)) // 1 and 2 have no extra bits
	})
}

// codeWriter writes symbols by one code.
type codeWriter struct {
	b      *bitWriter
	codes  []uint16
	widths []uint
}

// newWriter makes a code for symbols that come so often, and writes it.
func newWriter(b *bitWriter, counts []uint32) codeWriter {
	c := newPrefixCode(counts, maxLength)
	c.writeTo(b)
	return codeWriter{b, c.codes, c.bitsOf()}
}

func (c codeWriter) write(symbol uint32) { c.b.put(uint32(c.codes[symbol]), c.widths[symbol]) }

// eachRun goes through the pixels: each comes alone, or in a run that repeats those before it or above it.
func eachRun(pix []uint32, w int, alone func(i int, p uint32), run func(i, length, distance int)) {
	for i := 0; i < len(pix); {
		length, distance := runAt(pix, i, 1), runOfBefore
		if above := runAt(pix, i, w); above > length {
			length, distance = above, runOfAbove
		}
		if length < minRun {
			alone(i, pix[i])
			i++
			continue
		}
		run(i, length, distance)
		i += length
	}
}

// runAt is how many pixels from one on repeat those so many pixels before.
func runAt(pix []uint32, at, before int) (n int) {
	if at < before {
		return 0
	}
	most := min(maxRun, len(pix)-at)
	for n < most && pix[at+n] == pix[at+n-before] {
		n++
	}
	return n
}

// prefixOf is the symbol of a length, and the bits after it. Source: the specification, 5.2.2.
func prefixOf(length int) (symbol int, extra uint32, extraBits uint) {
	v := uint32(length - 1)
	if v < 4 {
		return int(v), 0, 0
	}
	high := bits.Len32(v) - 1
	extraBits = uint(high - 1)
	return 2*high + int(v>>extraBits&1), v & (1<<extraBits - 1), extraBits
}
