package icc

import (
	"encoding/binary"
	"math"
)

// curve maps a channel's value to light, both from 0 to 1.
type curve func(x float64) float64

// table is the light of each value of 8 bits.
func (c curve) table() (out [256]float32) {
	for i := range out {
		if v := c(float64(i) / 255); v > 0 { // false for NaN, too
			out[i] = float32(min(v, 1))
		}
	}
	return out
}

// fixed reads a number of type s15Fixed16.
func fixed(data []byte) float64 { return float64(int32(binary.BigEndian.Uint32(data))) / 65536 }

// readXYZ reads a tag of type XYZType (10.31).
func readXYZ(tag []byte) (out [3]float64, ok bool) {
	if len(tag) < 20 || string(tag[:4]) != "XYZ " {
		return out, false
	}
	for i := range out {
		out[i] = fixed(tag[8+4*i:])
	}
	return out, true
}

// readCurve reads a tag of type curveType (10.6) or parametricCurveType (10.18).
func readCurve(tag []byte) (curve, bool) {
	if len(tag) < 12 {
		return nil, false
	}
	switch string(tag[:4]) {
	case "curv":
		return readSampled(tag[8:])
	case "para":
		return readParametric(binary.BigEndian.Uint16(tag[8:]), tag[12:])
	}
	return nil, false
}

// readSampled reads the identity, a power, or samples with straight lines between.
func readSampled(data []byte) (curve, bool) {
	n := int64(binary.BigEndian.Uint32(data))
	data = data[4:]
	if n < 0 || 2*n > int64(len(data)) {
		return nil, false
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(data[2*i:])) }
	switch n {
	case 0:
		return func(x float64) float64 { return x }, true
	case 1:
		gamma := at(0) / 256
		return func(x float64) float64 { return math.Pow(x, gamma) }, true
	}
	return func(x float64) float64 {
		x *= float64(n - 1)
		i := min(int(x), int(n)-2)
		part := x - float64(i)
		return (at(i)*(1-part) + at(i+1)*part) / 65535
	}, true
}

// readParametric reads the functions of table 68: a power above d, and a line or a constant below.
func readParametric(kind uint16, data []byte) (curve, bool) {
	counts := []int{1, 3, 4, 5, 7}
	if int(kind) >= len(counts) || len(data) < 4*counts[kind] {
		return nil, false
	}
	v := [7]float64{1, 1} // g, a, b, c, d, e, f
	for i := range counts[kind] {
		v[i] = fixed(data[4*i:])
	}
	g, a, b, c, d, e, f := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	switch kind {
	case 1, 2: // their c is added to both parts, and d is where the power begins
		e, f, c, d = c, c, 0, -b/a
	case 0:
		d = 0
	}
	return func(x float64) float64 {
		if x >= d {
			return math.Pow(a*x+b, g) + e
		}
		return c*x + f
	}, true
}
