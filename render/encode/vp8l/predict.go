package vp8l

import "math"

// tileBits says how large a tile is: 32 pixels square. All pixels of a tile are foretold in the same way.
const tileBits = 5

// predictors is how many ways there are to foretell a pixel.
const predictors = 14

// opaqueBlack is what the first pixel is foretold to be.
const opaqueBlack = 0xff000000

// predict foretells a pixel by those to the left, above, above to the left and above to the right. Source: the
// specification, 4.1.
func predict(mode int, l, t, tl, tr uint32) uint32 {
	switch mode {
	case 1:
		return l
	case 2:
		return t
	case 3:
		return tr
	case 4:
		return tl
	case 5:
		return average(average(l, tr), t)
	case 6:
		return average(l, tl)
	case 7:
		return average(l, t)
	case 8:
		return average(tl, t)
	case 9:
		return average(t, tr)
	case 10:
		return average(average(l, tl), average(t, tr))
	case 11:
		return nearer(l, t, tl)
	case 12:
		return full(l, t, tl)
	case 13:
		return half(average(l, t), tl)
	}
	return opaqueBlack
}

// average is the mean of each byte, rounded down.
func average(a, b uint32) uint32 { return a&b + (a^b)&0xfefefefe>>1 }

// nearer is l or t, whichever is nearer to l + t - tl.
func nearer(l, t, tl uint32) uint32 {
	toLeft, toTop := 0, 0
	for shift := 0; shift < 32; shift += 8 {
		c := int(tl >> shift & 255)
		toLeft += abs(int(t>>shift&255) - c)
		toTop += abs(int(l>>shift&255) - c)
	}
	if toLeft < toTop {
		return l
	}
	return t
}

func abs(v int) int { return max(v, -v) }

// full is l + t - tl of each byte, from 0 to 255.
func full(l, t, tl uint32) (out uint32) {
	for shift := 0; shift < 32; shift += 8 {
		v := int(l>>shift&255) + int(t>>shift&255) - int(tl>>shift&255)
		out |= uint32(max(0, min(v, 255))) << shift
	}
	return out
}

// half is mean + (mean - tl) / 2 of each byte, from 0 to 255.
func half(mean, tl uint32) (out uint32) {
	for shift := 0; shift < 32; shift += 8 {
		m := int(mean >> shift & 255)
		v := m + (m-int(tl>>shift&255))/2
		out |= uint32(max(0, min(v, 255))) << shift
	}
	return out
}

// difference subtracts each byte, modulo 256.
func difference(a, b uint32) uint32 {
	const even, odd = 0x00ff00ff, 0xff00ff00
	return (even+a&odd-b&odd)&odd | (odd+a&even-b&even)&even
}

// tiles is how images are divided into tiles.
type tiles struct{ across, down int }

func tilesOf(w, h int) tiles {
	const side = 1 << tileBits
	return tiles{(w + side - 1) / side, (h + side - 1) / side}
}

// tile is how a tile's pixels are foretold, and a guess of what their differences cost.
type tile struct {
	mode uint8
	cost int
}

// chooseModes chooses for each tile how its pixels are foretold.
func chooseModes(pix []uint32, w, h int) []tile {
	n := tilesOf(w, h)
	all := make([]tile, n.across*n.down)
	costs := costsOfBytes()
	for i := range all {
		all[i] = chooseMode(pix, w, h, i%n.across<<tileBits, i/n.across<<tileBits, &costs)
	}
	return all
}

// chooseMode tries each mode on every other line of a tile. Pixels at the left and upper edge of the image are foretold
// in one way only.
func chooseMode(pix []uint32, w, h, left, top int, costs *[256]int) (best tile) {
	best.cost = -1
	for mode := 1; mode < predictors; mode++ {
		cost := 0
		for y := max(top, 1); y < min(top+1<<tileBits, h); y += 2 {
			for i := y*w + max(left, 1); i < y*w+min(left+1<<tileBits, w); i++ {
				d := difference(pix[i], predict(mode, pix[i-1], pix[i-w], pix[i-w-1], pix[i-w+1]))
				cost += costs[d>>16&255] + costs[d>>8&255] + costs[d&255]
			}
			if best.cost >= 0 && cost >= best.cost {
				break
			}
		}
		if best.cost < 0 || cost < best.cost {
			best = tile{uint8(mode), cost}
		}
	}
	return best
}

// costsOfBytes guesses how many bits the code of a difference will have, in 64ths: small differences come often.
func costsOfBytes() (out [256]int) {
	for d := range out {
		out[d] = int(64 * math.Log2(1+float64(abs(int(int8(d))))))
	}
	return out
}

// subtractPredictions replaces each pixel by its difference from what is foretold. It goes backwards, because a pixel
// is foretold by those before it.
func subtractPredictions(pix []uint32, w, h int, all []tile) {
	n := tilesOf(w, h)
	for y := h - 1; y >= 0; y-- {
		for x := w - 1; x >= 0; x-- {
			i := y*w + x
			var p uint32
			switch {
			case i == 0:
				p = opaqueBlack
			case y == 0:
				p = pix[i-1]
			case x == 0:
				p = pix[i-w]
			default:
				mode := all[y>>tileBits*n.across+x>>tileBits].mode
				p = predict(int(mode), pix[i-1], pix[i-w], pix[i-w-1], pix[i-w+1])
			}
			pix[i] = difference(pix[i], p)
		}
	}
}
