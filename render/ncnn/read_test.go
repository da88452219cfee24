package ncnn_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"darkroom/render/ncnn"
)

// network is the text of a .param file with the count of layers and blobs that it needs.
func network(blobs string, lines ...string) string {
	return "7767517\n" + string(rune('0'+len(lines))) + " " + blobs + "\n" + strings.Join(lines, "\n") + "\n"
}

const (
	input = "Input in 0 1 data"
	conv  = "Convolution c 1 1 data out 0=3 1=1 5=1 6=9"
)

// weightsOf are float32 weights, with a tag before them, and float32 numbers.
func weightsOf(tagged, plain int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0)
	for i := range tagged + plain {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(i)))
	}
	return b
}

func TestRead(t *testing.T) {
	t.Parallel()
	n, err := ncnn.Read([]byte(network("2", input, conv)), weightsOf(9, 3))
	if err != nil || n.Scale != 1 {
		t.Errorf("got %+v, %v, want scale 1", n, err)
	}
	windows := strings.ReplaceAll(network("2", input, conv), "\n", "\r\n")
	if _, err := ncnn.Read([]byte(windows), weightsOf(9, 3)); err != nil {
		t.Errorf("with Windows' line ends: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	good := weightsOf(9, 3)
	swapped := func(at int, v uint32) []byte {
		b := bytes.Clone(good)
		binary.LittleEndian.PutUint32(b[at:], v)
		return b
	}
	half := append(binary.LittleEndian.AppendUint32(nil, 0x01306B47), make([]byte, 18+2+12)...)
	half[4+18] = 1
	nan := math.Float32bits(float32(math.NaN()))
	for name, c := range map[string]struct {
		param string
		bin   []byte
		says  string
	}{
		"nothing":                {"", nil, "does not begin with 7767517"},
		"a binary form":          {"\x00\x01\x02\n1 1\n1\n", nil, "does not begin with 7767517"},
		"a wrong count":          {"7767517\n3 2\n" + input + "\n" + conv, good, "line 2: \"3 2\", and 2 layers follow"},
		"a wrong count of blobs": {network("3", input, conv), good, "line 2: \"3\" blobs, and the layers have 2"},
		"a short line":           {network("2", input, "Convolution c 1"), good, "line 4: 3 words"},
		"too few names":          {network("2", input, "Split s 1 9 data a"), good, "line 4: \"1\" inputs and \"9\" outputs, and 2 words"},
		"a huge count":           {network("2", input, "Split s 1 4294967295 data a"), good, `"4294967295" outputs`},
		"a long name":            {network("2", input, strings.Replace(conv, " c ", " "+strings.Repeat("c", 101)+" ", 1)), good, "a name of 101 bytes"},
		"an unknown layer":       {network("2", input, "Softmax s 1 1 data out"), nil, `line 4: a layer of the kind "Softmax"`},
		"no input":               {network("1", conv), good, `the blob "data" is not there`},
		"two inputs":             {network("2", input, "Input b 0 1 more"), nil, "an Input that is not the first layer"},
		"a sized input":          {network("2", input+" 0=640", conv), good, "the setting 0 of Input is not known"},
		"a blob twice":           {network("3", input, "Split s 1 2 data out out"), nil, `the blob "out" is made twice`},
		"a blob for two":         {network("3", input, conv, "PReLU p 1 1 data b 0=3"), good, `the blob "data" is not there, or another layer has it`},
		"two results":            {network("3", input, "Split s 1 2 data a b"), nil, "several results"},
		"an input alone":         {network("1", input), nil, "no result"},
		"a setting twice":        {network("2", input, conv+" 0=3"), good, `the setting "0=3", want each number once`},
		"a setting of text":      {network("2", input, conv+" 9=x"), good, `the setting "9=x", want numbers`},
		"a setting of no number": {network("2", input, conv+" 9=nan"), good, `the setting "9=nan", want numbers`},
		"a list of a wrong size": {network("2", input, conv+" -23310=2,0.2"), good, `the list "-23310=2,0.2", want its length first`},
		"a list without a key":   {network("2", input, conv+" 9=1,2"), good, `the setting "9=1,2", want one value`},
		"an unknown setting":     {network("2", input, conv+" 18=1"), good, "the setting 18 of Convolution is not known"},
		"a setting of nobody":    {network("2", input, conv+" 118=1"), good, "the setting 118 of Convolution is not known"},
		"half a channel":         {network("2", input, strings.Replace(conv, "0=3", "0=2.5", 1)), good, "the setting 0 of Convolution is 2.5"},
		"an even kernel":         {network("2", input, strings.Replace(conv, "1=1", "1=2", 1)), good, "a kernel of 2 with a padding of 0"},
		"no padding":             {network("2", input, strings.Replace(conv, "1=1", "1=3", 1)), good, "a kernel of 3 with a padding of 0"},
		"too few weights":        {network("2", input, strings.Replace(conv, "6=9", "6=8", 1)), good, "8 weights, want 9 (3 × 3 channels, 1 × 1)"},
		"an activation":          {network("2", input, conv+" 9=3"), good, "the setting 9 of Convolution is 3"},
		"a slope of nothing":     {network("2", input, conv+" -23310=1,0.2"), good, "the activation 0 with the numbers [0.2]"},
		"a slope that misses":    {network("2", input, conv+" 9=2"), good, "the activation 2 with the numbers []"},
		"no weights":             {network("2", input, conv), nil, "byte 0: 4 bytes of weights are wanted, 0 are left"},
		"weights that end":       {network("2", input, conv), good[:len(good)-1], "12 bytes of weights are wanted, 11 are left"},
		"weights left over":      {network("2", input, conv), append(bytes.Clone(good), 0), "1 bytes of weights are left over"},
		"8 bits":                 {network("2", input, conv), swapped(0, 0x000D4B38), "byte 0: weights of the kind 0x000d4b38"},
		"padding":                {network("2", input, conv), half, "byte 22: padding that is not zero"},
		"no number":              {network("2", input, conv), swapped(8, nan), "a weight is NaN: the file is damaged"},
		"no number in a bias":    {network("2", input, conv), swapped(44, nan), "a weight is NaN: the file is damaged"},
		"slopes of others":       {network("2", input, "PReLU p 1 1 data out 0=4"), good, "the setting 0 of PReLU is 4"},
		"a product":              {network("4", input, "Split s 1 2 data a b", "BinaryOp m 2 1 a b out 0=2"), nil, "the setting 0 of BinaryOp is 2"},
		"a sum of sizes": {
			network("5", input, "Split s 1 2 data a b", "Interp i 1 1 a c 0=1 1=2 2=2", "BinaryOp m 2 1 b c out"), nil,
			"a sum of 3 channels 1 times larger and 3 channels 2 times larger",
		},
		"sizes side by side": {
			network("5", input, "Split s 1 2 data a b", "Interp i 1 1 a c 0=1 1=2 2=2", "Concat m 2 1 b c out"), nil,
			"images of several sizes side by side",
		},
		"another axis":     {network("4", input, "Split s 1 2 data a b", "Concat m 2 1 a b out 0=1"), nil, "the setting 0 of Concat is 1"},
		"too many factors": {network("4", input, "Split s 1 2 data a b", "Eltwise m 2 1 a b out 0=1 -23301=3,1,1,1"), nil, "3 factors of 2 images"},
		"a wide image":     {network("2", input, "Interp i 1 1 data out 0=1 1=2 2=3"), nil, "sides 3 and 2 times longer"},
		"half a pixel":     {network("2", input, "Interp i 1 1 data out 0=1 1=1.5 2=1.5"), nil, "the interpolation 1 to sides 1.5 times longer"},
		"linear":           {network("2", input, "Interp i 1 1 data out 0=2 1=2 2=2"), nil, "the interpolation 2"},
		"a huge image":     {network("2", input, "Interp i 1 1 data out 0=1 1=1e9 2=1e9"), nil, "sides 1e+09 and 1e+09 times longer"},
		"twice sixteen":    {network("3", input, "Interp i 1 1 data a 0=1 1=16 2=16", "Interp j 1 1 a out 0=1 1=2 2=2"), nil, "images 32 times larger"},
		"a broken scale":   {network("2", input, "Interp i 1 1 data out 0=3 1=1.5 2=1.5"), nil, "the result is 1.5 times larger"},
		"a small result":   {network("2", input, "Interp i 1 1 data out 0=3 1=0.5 2=0.5"), nil, "the result is 0.5 times larger"},
		"no whole pixels":  {network("2", input, "PixelShuffle i 1 1 data out 0=2"), nil, "3 channels for images 2 times larger"},
		"many channels":    {network("2", input, "Concat m 0 1 out"), nil, "Concat with 0 inputs and 1 outputs"},
		"other channels":   {network("2", input, strings.NewReplacer("0=3", "0=4", "6=9", "6=12").Replace(conv)), weightsOf(12, 4), "the result has 4 channels, want 3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ncnn.Read([]byte(c.param), c.bin)
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q in one line", err, c.says)
			}
		})
	}
}

// No file makes the reader panic, and what it accepts is written in about the size of its weights.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"dense", "compact", "plain"} {
		f.Add(testdata(f, name+".param"), testdata(f, name+".bin"))
	}
	f.Add([]byte(network("2", input, conv)), weightsOf(9, 3))
	f.Fuzz(func(t *testing.T, param, bin []byte) {
		n, err := ncnn.Read(param, bin)
		if err != nil {
			return
		}
		if size := len(n.ONNX()); size > 2*len(bin)+1000*(1+bytes.Count(param, []byte("\n")))+100*len(param) {
			t.Errorf("%d bytes of ONNX from %d and %d", size, len(param), len(bin))
		}
	})
}
