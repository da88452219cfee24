package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

// convolution is a network of one convolution with such pads.
func convolution(op string, lists map[string][]int64, texts map[string]string) onnxtest.Model {
	m := model()
	m.Nodes = []onnxtest.Node{{Op: op, In: []string{"x", "w"}, Out: []string{"y"}, Lists: lists, Texts: texts}}
	return m
}

func TestPadCircular(t *testing.T) {
	t.Parallel()
	pads := func(p ...int64) map[string][]int64 { return map[string][]int64{"pads": p, "strides": {2, 2}} }
	for _, c := range []struct {
		name   string
		model  onnxtest.Model
		slices int // 0 where the network stays as it is
	}{
		{"both sides", convolution("Conv", pads(1, 1, 1, 1), nil), 4},
		{"behind alone", convolution("Conv", pads(0, 0, 1, 1), nil), 2},
		{"channels last", convolution("NhwcConv", pads(1, 1, 1, 1), nil), 4},
		{"explicit pads", convolution("Conv", pads(2, 2, 2, 2), map[string]string{"auto_pad": "NOTSET"}), 4},
		{"pads of nothing", convolution("Conv", pads(0, 0, 0, 0), nil), 0},
		{"no pads", convolution("Conv", nil, nil), 0},
		{"no padding wanted", convolution("Conv", nil, map[string]string{"auto_pad": "VALID"}), 0},
		{"another operation with pads", convolution("AveragePool", pads(1, 1, 1, 1), nil), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := c.model.Encode()
			edited, err := graph.PadCircular(data)
			if c.slices == 0 {
				if err == nil || !strings.Contains(err.Error(), "no convolution pads") {
					t.Fatalf("got %v, want an error: there is nothing to wrap", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Count(string(edited), "Slice"); got != c.slices {
				t.Errorf("got %d slices, want %d", got, c.slices)
			}
			if strings.Contains(string(edited), "pads") {
				t.Errorf("the convolution still pads")
			}
			before, _ := readBytes(t, data)
			if after, err := readBytes(t, edited); err != nil ||
				fmt.Sprint(after.Inputs, after.Outputs) != fmt.Sprint(before.Inputs, before.Outputs) {
				t.Errorf("got %v, %v, want the inputs and outputs of before: %v", after, err, before)
			}
			again, err := graph.PadCircular(data)
			if err != nil || string(again) != string(edited) {
				t.Errorf("wrapped twice it is not the same to the byte (%v)", err)
			}
		})
	}
}

func TestPadCircularRefuses(t *testing.T) {
	t.Parallel()
	old := convolution("Conv", map[string][]int64{"pads": {1, 1, 1, 1}}, nil).Encode()
	old = []byte(strings.Replace(string(old), "\x42\x02\x10\x11", "\x42\x02\x10\x09", 1)) // opset_import { version: 17 }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"pads that the runtime works out": {
			convolution("Conv", nil, map[string]string{"auto_pad": "SAME_UPPER"}).Encode(), `auto_pad is "SAME_UPPER"`,
		},
		"an odd number of pads": {convolution("Conv", map[string][]int64{"pads": {1, 1, 1}}, nil).Encode(), "want pairs"},
		"negative pads": {
			convolution("Conv", map[string][]int64{"pads": {-1, 1, 1, 1}}, nil).Encode(), "want pairs",
		},
		"an old opset":            {old, "opset 9, want 10"},
		"bytes that are no model": {[]byte("no model"), "not an ONNX model"},
	} {
		if _, err := graph.PadCircular(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func FuzzPadCircular(f *testing.F) {
	f.Add(convolution("Conv", map[string][]int64{"pads": {1, 1, 1, 1}}, nil).Encode())
	f.Add(convolution("Conv", nil, map[string]string{"auto_pad": "SAME_LOWER"}).Encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if edited, err := graph.PadCircular(data); err == nil && len(edited) <= len(data)/2 {
			t.Errorf("%d bytes became %d", len(data), len(edited))
		}
	})
}
