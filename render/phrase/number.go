package phrase

import "strconv"

// Number is a number that each language writes in its own way: 1,234.5 is 1.234,5 in German.
type Number struct {
	X      float64
	Digits int // behind the point
}

// Integer is a whole number in groups of three digits.
func Integer(n int) Number { return Number{X: float64(n)} }

// Decimal is a number with so many digits behind the point.
func Decimal(x float64, digits int) Number { return Number{X: x, Digits: digits} }

// String returns the number as in English.
func (n Number) String() string {
	text := strconv.FormatFloat(n.X, 'f', n.Digits, 64)
	first, point := 0, len(text)
	if n.X < 0 {
		first = 1
	}
	if n.Digits > 0 {
		point -= n.Digits + 1
	}
	for at := point - 3; at > first; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}
