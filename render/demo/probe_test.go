package demo_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// probe is the recipe's probe (recipe/recipe/probe.py): convolutional classifiers, one per attribute, that learnt from
// drawn images what a postcard shows. It never saw a generated one.
type probe struct {
	weights    map[string][]float32
	attributes map[string][]string // the answers of each classifier, in order
}

// side is that of the images that the probe reads, in pixels.
const side = 128

// openProbe reads the weights that the recipe keeps, a safetensors file of float16, and what its answers mean.
func openProbe(t *testing.T) *probe {
	t.Helper()
	data, err := os.ReadFile("recipe/checkpoint/probe.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	weights, err := readFloat16Tensors(data)
	if err != nil {
		t.Fatal(err)
	}
	var facts struct{ Attributes map[string][]string }
	readJSON(t, "recipe/checkpoint/checkpoint.json", &facts)
	return &probe{weights, facts.Attributes}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// readFloat16Tensors returns the float16 tensors of a safetensors file; others are left out.
func readFloat16Tensors(data []byte) (map[string][]float32, error) {
	if len(data) < 8 || uint64(len(data)-8) < binary.LittleEndian.Uint64(data) {
		return nil, fmt.Errorf("safetensors: %d bytes are too short", len(data))
	}
	head, body := data[8:8+binary.LittleEndian.Uint64(data)], data[8+binary.LittleEndian.Uint64(data):]
	var entries map[string]struct {
		Type    string `json:"dtype"`
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(head, &entries); err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	found := map[string][]float32{}
	for name, e := range entries {
		if e.Type == "F16" {
			found[name] = fromFloat16s(body[e.Offsets[0]:e.Offsets[1]])
		}
	}
	return found, nil
}

func fromFloat16s(data []byte) []float32 {
	out := make([]float32, len(data)/2)
	for i := range out {
		h := binary.LittleEndian.Uint16(data[2*i:])
		exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)/1024
		value := math.Ldexp(1+fraction, exponent-15)
		if exponent == 0 {
			value = math.Ldexp(fraction, -14)
		}
		out[i] = float32(math.Copysign(value, float64(int16(h))))
	}
	return out
}

// featureMap is a stack of square maps, [channel][row][column], flat.
type featureMap struct {
	channels, side int
	data           []float32
}

// classify says what an image shows: {attribute: answer}.
func (j *probe) classify(picture *image.NRGBA) map[string]string {
	seen := j.look(pixels(picture))
	shown := map[string]string{}
	for name, answers := range j.attributes {
		scores, best := j.linear("heads."+name, seen), 0
		for i, v := range scores {
			if v > scores[best] {
				best = i
			}
		}
		shown[name] = answers[best]
	}
	return shown
}

// look is all of the probe but its last layers.
func (j *probe) look(x featureMap) []float32 {
	for i := range 4 {
		x = j.convolve(x, fmt.Sprintf("stages.%d", i), 2)
	}
	seen := j.linear("hidden", pool(j.convolve(x, "deep", 1)))
	for i, v := range seen {
		seen[i] = max(0, v)
	}
	return seen
}

// pixels are an image's values in -1..1.
func pixels(picture *image.NRGBA) featureMap {
	out := featureMap{3, side, make([]float32, 3*side*side)}
	for i := range side * side {
		at := picture.PixOffset(i%side, i/side)
		for c := range 3 {
			out.data[c*side*side+i] = float32(picture.Pix[at+c])/127.5 - 1
		}
	}
	return out
}

// convolve is a 3×3 convolution with a border of zeros, batch normalisation as learnt, and ReLU.
func (j *probe) convolve(x featureMap, name string, stride int) featureMap {
	w, bias := j.weights[name+".0.weight"], j.weights[name+".0.bias"]
	gain, shift := j.weights[name+".1.weight"], j.weights[name+".1.bias"]
	mean, variance := j.weights[name+".1.running_mean"], j.weights[name+".1.running_var"]
	out := featureMap{len(bias), x.side / stride, nil}
	area := out.side * out.side
	out.data = make([]float32, out.channels*area)
	for c := range out.channels {
		into := out.data[c*area : (c+1)*area]
		for from := range x.channels {
			filter(into, x.data[from*x.side*x.side:], w[(c*x.channels+from)*9:][:9], x.side, stride)
		}
		scale := gain[c] / float32(math.Sqrt(float64(variance[c])+1e-5))
		for i, v := range into {
			into[i] = max(0, (v+bias[c]-mean[c])*scale+shift[c])
		}
	}
	return out
}

// filter adds one map, weighed by a 3×3 kernel, to another.
func filter(into, from, kernel []float32, side, stride int) {
	wide := side / stride
	for k, weight := range kernel {
		dy, dx := k/3-1, k%3-1
		for y := range wide {
			row := y*stride + dy
			if row < 0 || row >= side {
				continue
			}
			for x := range wide {
				if column := x*stride + dx; column >= 0 && column < side {
					into[y*wide+x] += weight * from[row*side+column]
				}
			}
		}
	}
}

// pool takes the means of 2×2 blocks.
func pool(x featureMap) []float32 {
	half := x.side / 2
	out := make([]float32, x.channels*half*half)
	for i := range out {
		c, y, column := i/(half*half), i/half%half, i%half
		at := (c*x.side+2*y)*x.side + 2*column
		out[i] = (x.data[at] + x.data[at+1] + x.data[at+x.side] + x.data[at+x.side+1]) / 4
	}
	return out
}

func (j *probe) linear(name string, x []float32) []float32 {
	w, out := j.weights[name+".weight"], append([]float32(nil), j.weights[name+".bias"]...)
	for o := range out {
		row := w[o*len(x) : (o+1)*len(x)]
		for i, v := range x {
			out[o] += row[i] * v
		}
	}
	return out
}

// heldOutCaption is a held-out caption and its attributes, {attribute: answer}.
type heldOutCaption struct {
	Caption string            `json:"caption"`
	Asks    map[string]string `json:"asks"`
}

// heldOut returns the first n captions of a set that have only words of the model's card.
func heldOut(t *testing.T, set string, n int, vocabulary []string) []heldOutCaption {
	t.Helper()
	var all map[string][]heldOutCaption
	readJSON(t, "recipe/held_out.json", &all)
	var known []heldOutCaption
	for _, a := range all[set] {
		if len(known) < n && knows(vocabulary, a.Asks) {
			known = append(known, a)
		}
	}
	if len(known) < n {
		t.Fatalf("%s: got %d captions that the model knows the words of, want %d", set, len(known), n)
	}
	return known
}

func knows(vocabulary []string, asks map[string]string) bool {
	for _, answer := range asks {
		for word := range strings.FieldsSeq(answer) {
			if !contains(vocabulary, word) {
				return false
			}
		}
	}
	return true
}

func contains(all []string, one string) bool {
	return slices.Contains(all, one)
}
