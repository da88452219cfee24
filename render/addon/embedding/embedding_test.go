package embedding

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

func bytesOf(values []float32) []byte {
	var out []byte
	for _, x := range values {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

// TestOpenTorch reads what torch and A1111 wrote, in all their forms.
func TestOpenTorch(t *testing.T) {
	t.Parallel()
	var record addontest.Torch
	addontest.ReadRecord(t, "torch.json.gz", &record)
	view := addontest.Draw("view", 24, 1)
	turned := []float32{}
	for row := 1; row < 3; row++ { // rows 1 and 2 of the transpose of [6, 4]
		for column := range 6 {
			turned = append(turned, view[column*4+row])
		}
	}
	for file, want := range map[string]struct {
		name      string
		shape     []int
		data      []float32
		tolerance float64
	}{
		"zip.pt":                {"zip", []int{2, 6}, addontest.Draw("zip", 12, 1), 0},
		"legacy.pt":             {"legacy", []int{2, 6}, addontest.Draw("legacy", 12, 1), 0},
		"half.pt":               {"half", []int{2, 6}, addontest.Draw("half", 12, 1), 0.0005},
		"brain.pt":              {"brain", []int{2, 6}, addontest.Draw("brain", 12, 1), 0.004},
		"parameter.pt":          {"parameter", []int{2, 6}, addontest.Draw("parameter", 12, 1), 0},
		"dict.pt":               {"dict", []int{2, 6}, addontest.Draw("dict", 12, 1), 0},
		"dict-legacy.pt":        {"dict-legacy", []int{2, 6}, addontest.Draw("dict-legacy", 12, 1), 0},
		"concept.bin":           {"", []int{1, 6}, addontest.Draw("concept", 6, 1), 0},
		"view.bin":              {"", []int{2, 6}, turned, 0},
		"view-legacy.bin":       {"", []int{2, 6}, turned, 0},
		"whole.bin":             {"", []int{1, 4}, []float32{0, 1, 2, 3}, 0},
		"png-text.png":          {"png-text", []int{2, 6}, addontest.Draw("png-text", 12, 1), 1e-7},
		"png-compressed.png":    {"png-compressed", []int{2, 6}, addontest.Draw("png-compressed", 12, 1), 1e-7},
		"png-international.png": {"png-international", []int{2, 6}, addontest.Draw("png-international", 12, 1), 1e-7},
		"png-pixels.png":        {"png-pixels", []int{3, 6}, addontest.Draw("png-pixels", 18, 1), 1e-7},
		"png-alpha.png":         {"png-alpha", []int{1, 6}, addontest.Draw("png-alpha", 6, 1), 1e-7},
	} {
		e, err := Open(addontest.Save(t, file, record.Embeddings[file]))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		rows := e.Rows[weightname.TextEncoder]
		if e.Name != want.name || !slices.Equal(rows.Shape, want.shape) || len(e.Rows) != 1 || e.Vectors() != want.shape[0] {
			t.Errorf("%s: got %q of shape %v, want %q of %v", file, e.Name, rows.Shape, want.name, want.shape)
			continue
		}
		for i, x := range want.data {
			if math.Abs(float64(x-rows.Data[i])) > want.tolerance {
				t.Errorf("%s [%d]: got %v, want %v", file, i, rows.Data[i], x)
			}
		}
	}
	for _, file := range []string{"two.pt", "two.bin"} {
		e, err := Open(addontest.Save(t, file, record.Embeddings[file]))
		if err != nil || !slices.Equal(e.Rows[weightname.TextEncoder].Data, addontest.Draw("two/l", 12, 1)) ||
			!slices.Equal(e.Rows[weightname.TextEncoder2].Data, addontest.Draw("two/g", 20, 1)) {
			t.Errorf("%s: got %v, %v", file, e, err)
		}
	}
	for file, want := range map[string]string{
		"many.pt": "2 tensors", "code.pt": "wants to call", "plain.png": "without an embedding",
	} {
		if e, err := Open(addontest.Save(t, file, record.Embeddings[file])); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want an error with %q", file, e, err, want)
		}
	}
}

func TestOpenSafetensors(t *testing.T) {
	t.Parallel()
	row := func(n int) addontest.Entry {
		return addontest.Entry{DType: "F32", Shape: []int{2, n}, Data: bytesOf(addontest.Draw("row", 2*n, 1))}
	}
	for name, c := range map[string]struct {
		tensors  map[string]addontest.Entry
		families []string
		err      string
	}{
		"kohya":   {map[string]addontest.Entry{"emb_params": row(768)}, []string{"Stable Diffusion 1"}, ""},
		"concept": {map[string]addontest.Entry{"<cat>": row(1024)}, []string{"Stable Diffusion 2"}, ""},
		"demo":    {map[string]addontest.Entry{"emb_params": row(128)}, nil, ""},
		"SDXL":    {map[string]addontest.Entry{"clip_l": row(768), "clip_g": row(1280)}, []string{"SDXL"}, ""},
		"second":  {map[string]addontest.Entry{"clip_g": row(1280)}, nil, ""},
		"several": {map[string]addontest.Entry{"a": row(8), "b": row(8)}, nil, "2 tensors"},
		"a model": {map[string]addontest.Entry{"a": row(8), "b": row(8), "c": row(8), "d": row(8), "e": row(8)}, nil,
			"5 tensors"},
		"too long": {map[string]addontest.Entry{"a": {DType: "F32", Shape: []int{76, 1}, Data: make([]byte, 304)}}, nil,
			"76 vectors"},
		"empty": {map[string]addontest.Entry{"a": {DType: "F32", Shape: []int{0, 4}}}, nil, "shape"},
		"a cube": {map[string]addontest.Entry{"a": {DType: "F32", Shape: []int{1, 1, 1}, Data: make([]byte, 4)}}, nil,
			"shape"},
		"no number": {
			map[string]addontest.Entry{"a": {DType: "F32", Shape: []int{1}, Data: bytesOf([]float32{float32(math.NaN())})}},
			nil, "not a number",
		},
		"of two lengths": {map[string]addontest.Entry{
			"clip_l": row(8), "clip_g": {DType: "F32", Shape: []int{1, 8}, Data: make([]byte, 32)},
		}, nil, "differ"},
	} {
		path := filepath.Join(t.TempDir(), "x.safetensors")
		addontest.WriteFile(t, path, map[string]string{"name": "inner"}, c.tensors)
		e, err := Open(path)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %v, want an error with %q", name, err, c.err)
			}
			continue
		}
		if err != nil || !slices.Equal(e.Families(), c.families) || e.Name != "inner" || e.Vectors() != 2 {
			t.Errorf("%s: got %v of %v, %v, want %v", name, e.Families(), e.Rows, err, c.families)
		}
	}
	if _, err := Open("x.webp"); err == nil {
		t.Error("a .webp: got no error")
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	e, err := New("", map[string]tensor.Tensor{"x": tensor.New(2, 768)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		widths map[string]int
		fits   bool
	}{
		{map[string]int{weightname.TextEncoder: 768}, true},
		{map[string]int{weightname.TextEncoder: 1024}, false},
		{map[string]int{weightname.TextEncoder: 768, weightname.TextEncoder2: 1280}, false},
	} {
		if err := e.Fits(c.widths); (err == nil) != c.fits {
			t.Errorf("%v: got %v, want %v", c.widths, err, c.fits)
		}
	}
}

// FuzzFromPNG feeds pictures that are none, or lie about what they carry.
func FuzzFromPNG(f *testing.F) {
	var record addontest.Torch
	addontest.ReadRecord(f, "torch.json.gz", &record)
	for name, data := range record.Embeddings {
		if filepath.Ext(name) == ".png" {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := fromPNG(data); err == nil && (e.Vectors() < 1 || e.Vectors() > MaxVectors) {
			t.Errorf("got %d vectors", e.Vectors())
		}
	})
}

// TestPNGBomb refuses a text that unpacks to more than fits.
func TestPNGBomb(t *testing.T) {
	t.Parallel()
	if _, err := openPNG(filepath.Join(t.TempDir(), "none.png")); !os.IsNotExist(err) {
		t.Errorf("a missing file: got %v", err)
	}
	big := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" +
		"\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\x00\x00\x00\x00\x00\x00\x00")
	if _, err := fromPNG(big); err == nil {
		t.Error("a picture of 2^31 by 2^31: got no error")
	}
}
