package icc_test

import (
	"encoding/binary"
	"encoding/json"
	"image"
	"os"
	"testing"

	"darkroom/render/encode/icc"
)

func readProfile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".icc")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestAsLittleCMS compares with what recipe/profiles.py recorded.
func TestAsLittleCMS(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/littlecms.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded map[string][]int
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded) != 6 {
		t.Fatalf("%d profiles are recorded, want 6", len(recorded))
	}
	levels := []uint8{0, 40, 128, 200, 255}
	for name, want := range recorded {
		p, ok := icc.Parse(readProfile(t, name))
		if name == "srgb" {
			if ok {
				t.Errorf("%s: got a conversion, want none", name)
			}
			continue
		}
		if !ok {
			t.Errorf("%s is not read", name)
			continue
		}
		img := image.NewNRGBA(image.Rect(0, 0, len(want)/3, 1))
		for i := range len(want) / 3 {
			c := [3]uint8{uint8(i), uint8(i), uint8(i)}
			if name != "gray-1.8" {
				c = [3]uint8{levels[i/25], levels[i/5%5], levels[i%5]}
			}
			copy(img.Pix[4*i:], c[:])
			img.Pix[4*i+3] = uint8(i)
		}
		p.ToSRGB(img)
		for i, w := range want {
			if got := int(img.Pix[i/3*4+i%3]); got-w > 1 || w-got > 1 {
				t.Errorf("%s: channel %d of colour %d: got %d, want %d", name, i%3, i/3, got, w)
			}
		}
		if img.Pix[4*100+3] != 100 {
			t.Errorf("%s: transparency changed", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	whole := readProfile(t, "display-p3")
	changed := func(at int, with string) []byte {
		out := append([]byte{}, whole...)
		copy(out[at:], with)
		return out
	}
	far := changed(0, "")
	binary.BigEndian.PutUint32(far[128+4+12*2+4:], 1<<31)
	for name, data := range map[string][]byte{
		"nothing": nil, "a header alone": whole[:128], "no curves": whole[:200],
		"a printer's": changed(16, "CMYK"), "Lab": changed(20, "Lab "), "no profile": changed(36, "none"),
		"a primary beyond the end": far,
	} {
		if _, ok := icc.Parse(data); ok {
			t.Errorf("%s is read", name)
		}
	}
}

// FuzzParse gives profiles that must not make it panic.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"display-p3", "table", "gray-1.8", "adobe-rgb"} {
		f.Add(readProfile(f, name))
	}
	f.Fuzz(func(_ *testing.T, data []byte) {
		if p, ok := icc.Parse(data); ok {
			p.ToSRGB(image.NewNRGBA(image.Rect(0, 0, 3, 2)))
		}
	})
}
