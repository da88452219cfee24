package ncnn

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// magic is the first line of a .param file.
const magic = "7767517"

// What bounds a .param file; Real-ESRGAN's largest has 999 layers of at most 9 blobs.
const (
	maxParam  = 1 << 20
	maxLayers = 5000
	maxBlobs  = 64 // of one layer
	maxName   = 100
	maxArray  = 16
)

// arrayKey is the key of the first array setting: key k has the number -23300-k.
const arrayKey = -23300

// layer is one line of a .param file. A blob is what layers hand to each other.
type layer struct {
	line     int
	kind     string
	name     string
	in, out  []string
	settings map[int][]float64 // by key; a plain setting has one value
}

// readParam reads the lines of a .param file and checks their form.
func readParam(data []byte) ([]layer, error) {
	if len(data) > maxParam {
		return nil, fmt.Errorf("%d bytes, want at most %d", len(data), maxParam)
	}
	lines := strings.Split(string(bytes.TrimRight(data, "\r\n \t")), "\n")
	if len(lines) < 3 || strings.TrimSpace(lines[0]) != magic {
		return nil, fmt.Errorf("it does not begin with %s: no .param file of ncnn as text", magic)
	}
	count := strings.Fields(lines[1])
	if len(count) != 2 || count[0] != strconv.Itoa(len(lines)-2) || len(lines)-2 > maxLayers {
		return nil, fmt.Errorf("line 2: %q, and %d layers follow; want their number, at most %d", lines[1], len(lines)-2,
			maxLayers)
	}
	layers := make([]layer, 0, len(lines)-2)
	for i, line := range lines[2:] {
		l, err := readLayer(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+3, err)
		}
		l.line = i + 3
		layers = append(layers, l)
	}
	blobs := 0
	for _, l := range layers {
		blobs += len(l.out)
	}
	if count[1] != strconv.Itoa(blobs) {
		return nil, fmt.Errorf("line 2: %s blobs, and the layers have %d", shown(count[1]), blobs)
	}
	return layers, nil
}

// readLayer reads kind, name, numbers of inputs and outputs, their names, and settings.
func readLayer(words []string) (layer, error) {
	if len(words) < 4 {
		return layer{}, fmt.Errorf("%d words, want a layer", len(words))
	}
	l := layer{kind: words[0], name: words[1], settings: map[int][]float64{}}
	in, err := strconv.ParseUint(words[2], 10, 8)
	out, err2 := strconv.ParseUint(words[3], 10, 8)
	rest := words[4:]
	if err != nil || err2 != nil || in > maxBlobs || out > maxBlobs || int(in+out) > len(rest) {
		return l, fmt.Errorf("%s inputs and %s outputs, and %d words", shown(words[2]), shown(words[3]), len(rest))
	}
	l.in, l.out, rest = rest[:in], rest[in:in+out], rest[in+out:]
	for _, name := range append([]string{l.kind, l.name}, words[4:4+in+out]...) {
		if len(name) > maxName {
			return l, fmt.Errorf("a name of %d bytes, want at most %d", len(name), maxName)
		}
	}
	for _, setting := range rest {
		if err := l.set(setting); err != nil {
			return l, err
		}
	}
	return l, nil
}

// set reads KEY=VALUE, or -233KK=COUNT,VALUE,… for a list under the key KK.
func (l *layer) set(setting string) error {
	key, text, _ := strings.Cut(setting, "=")
	k, err := strconv.Atoi(key)
	values := strings.Split(text, ",")
	if err == nil && k <= arrayKey {
		k = arrayKey - k
		if values[0] != strconv.Itoa(len(values)-1) || len(values)-1 > maxArray {
			return fmt.Errorf("the list %s, want its length first", shown(setting))
		}
		values = values[1:]
	} else if len(values) != 1 {
		return fmt.Errorf("the setting %s, want one value", shown(setting))
	}
	if err != nil || k < 0 || l.settings[k] != nil {
		return fmt.Errorf("the setting %s, want each number once", shown(setting))
	}
	l.settings[k] = []float64{}
	for _, v := range values {
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("the setting %s, want numbers", shown(setting))
		}
		l.settings[k] = append(l.settings[k], x)
	}
	return nil
}

// only refuses settings that are not among those that are followed.
func (l *layer) only(keys ...int) error {
	known := map[int]bool{}
	for _, k := range keys {
		known[k] = true
	}
	for k := range 100 {
		if l.settings[k] != nil && !known[k] {
			return fmt.Errorf("the setting %d of %s is not known", k, l.kind)
		}
	}
	for k := range l.settings {
		if k >= 100 {
			return fmt.Errorf("the setting %d of %s is not known", k, l.kind)
		}
	}
	return nil
}

// number is a setting of one value, or what counts where it is missing.
func (l *layer) number(key int, missing float64) (float64, error) {
	v, found := l.settings[key]
	if !found {
		return missing, nil
	}
	if len(v) != 1 {
		return 0, fmt.Errorf("the setting %d of %s has %d values, want one", key, l.kind, len(v))
	}
	return v[0], nil
}

// whole is a whole number between two ends.
func (l *layer) whole(key, missing, low, high int) (int, error) {
	x, err := l.number(key, float64(missing))
	if err == nil && (x != math.Trunc(x) || x < float64(low) || x > float64(high)) {
		err = fmt.Errorf("the setting %d of %s is %v, want a whole number from %d to %d", key, l.kind, x, low, high)
	}
	return int(x), err
}

func shown(text string) string { return strconv.QuoteToASCII(text[:min(len(text), maxName)]) }
