package dynamic

// generator draws by a seed. It is SplitMix64 (Steele, Lea and Flood, 2014, "Fast Splittable Pseudorandom Number
// Generators"), written here so that the choices of a seed never change with a library.
type generator struct{ state uint64 }

func newGenerator(seed int64) *generator { return &generator{state: uint64(seed)} }

func (d *generator) next() uint64 {
	d.state += 0x9e3779b97f4a7c15
	z := d.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// fraction draws a number in [0, 1).
func (d *generator) fraction() float64 { return float64(d.next()>>11) / (1 << 53) }

// intBetween draws a whole number from least to most; where they are equal it draws nothing.
func (d *generator) intBetween(least, most int) int {
	if most <= least {
		return least
	}
	return least + int(d.fraction()*float64(most-least+1))
}
