// Package icc converts colours of a profile to sRGB: those of cameras' and phones' photos (Display P3, Adobe RGB, …),
// which look dull where a profile is ignored. Source: ICC.1:2022 (profile version 4.4), which reads versions 2 and 4.
//
// Read are profiles of red, green and blue primaries with a curve each, and of grey with a curve. Those with tables
// (A2B0 alone, such as a printer's) are not.
package icc

import (
	"encoding/binary"
	"image"
	"math"
)

// Profile converts colours to sRGB, as LittleCMS does with the relative colorimetric intent: colours that sRGB does not
// have are clipped.
type Profile struct {
	linear [3][256]float32 // of each channel's values: light, from 0 to 1
	matrix [3][3]float32   // from light in the profile's primaries to light in sRGB's
}

const (
	headerSize = 128
	spaceAt    = 16 // of the header: the signature of the colour space
	pcsAt      = 20 // of the connection space
	magicAt    = 36
	maxTags    = 200
)

// Parse reads a profile. ok is false for one that is malformed or of another kind, and for one whose colours are sRGB's
// within two levels of 255: there is nothing to convert.
func Parse(data []byte) (p *Profile, ok bool) {
	if len(data) < headerSize+4 || string(data[magicAt:magicAt+4]) != "acsp" || string(data[pcsAt:pcsAt+4]) != "XYZ " {
		return nil, false
	}
	p, tags := &Profile{}, readTags(data)
	switch string(data[spaceAt : spaceAt+4]) {
	case "RGB ":
		ok = p.readRGB(tags)
	case "GRAY":
		ok = p.readGrey(tags)
	}
	if !ok || p.isSRGB() {
		return nil, false
	}
	return p, true
}

// readTags returns the content of each tag. Those outside of the data are left out.
func readTags(data []byte) map[string][]byte {
	tags := map[string][]byte{}
	n := min(binary.BigEndian.Uint32(data[headerSize:]), maxTags)
	table := data[headerSize+4:]
	for ; n > 0 && len(table) >= 12; n, table = n-1, table[12:] {
		at, size := int64(binary.BigEndian.Uint32(table[4:])), int64(binary.BigEndian.Uint32(table[8:]))
		if at+size <= int64(len(data)) {
			tags[string(table[:4])] = data[at : at+size]
		}
	}
	return tags
}

// fromD50 converts XYZ of white D50, which profiles have, to light in sRGB's primaries. Source: B. Lindbloom, "RGB/XYZ
// Matrices", sRGB adapted to D50 by Bradford's method, inverted.
var fromD50 = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

func (p *Profile) readRGB(tags map[string][]byte) bool {
	for i, name := range []string{"r", "g", "b"} {
		primary, isPrimary := readXYZ(tags[name+"XYZ"])
		curve, isCurve := readCurve(tags[name+"TRC"])
		if !isPrimary || !isCurve {
			return false
		}
		p.linear[i] = curve.table()
		for row := range fromD50 {
			for k, v := range primary {
				p.matrix[row][i] += float32(fromD50[row][k] * v)
			}
		}
	}
	return true
}

// readGrey reads the curve of a grey profile. Grey of each channel is light of the same.
func (p *Profile) readGrey(tags map[string][]byte) bool {
	curve, ok := readCurve(tags["kTRC"])
	for i := range 3 {
		p.matrix[i][i] = 1
		if ok {
			p.linear[i] = curve.table()
		}
	}
	return ok
}

// isSRGB tells whether the conversion changes no colour by more than two levels.
func (p *Profile) isSRGB() bool {
	encode := encodeTable()
	for i := range 6 * 6 * 6 {
		from := [3]uint8{uint8(i % 6 * 51), uint8(i / 6 % 6 * 51), uint8(i / 36 * 51)}
		for k, v := range p.convert(encode, from) {
			if d := int(v) - int(from[k]); d > 2 || d < -2 {
				return false
			}
		}
	}
	return true
}

// steps is how finely light is told apart before it is encoded.
const steps = 1 << 14

// encodeTable is sRGB's value of each step of light (IEC 61966-2-1).
func encodeTable() *[steps + 1]uint8 {
	var table [steps + 1]uint8
	for i := range table {
		v := float64(i) / steps
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		table[i] = uint8(math.Round(255 * v))
	}
	return &table
}

func (p *Profile) convert(encode *[steps + 1]uint8, c [3]uint8) (out [3]uint8) {
	r, g, b := p.linear[0][c[0]], p.linear[1][c[1]], p.linear[2][c[2]]
	for i, row := range p.matrix {
		light := row[0]*r + row[1]*g + row[2]*b
		out[i] = encode[int(max(0, min(1, light))*steps+0.5)]
	}
	return out
}

// ToSRGB converts an image in place. Transparency stays.
func (p *Profile) ToSRGB(img *image.NRGBA) {
	encode := encodeTable()
	for y := range img.Rect.Dy() {
		row := img.Pix[y*img.Stride:][:4*img.Rect.Dx()]
		var last, made [3]uint8
		made = p.convert(encode, last)
		for i := 0; i < len(row); i += 4 {
			if c := [3]uint8(row[i : i+3]); c != last {
				last, made = c, p.convert(encode, c)
			}
			copy(row[i:], made[:])
		}
	}
}
