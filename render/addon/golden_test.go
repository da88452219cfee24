package addon

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
)

func drawn(t testing.TB, dtype safetensors.DType, name string, shape []int, scale float64) addontest.Entry {
	t.Helper()
	data, err := encode(dtype, addontest.Draw(name, volume(shape), scale))
	if err != nil {
		t.Fatal(err)
	}
	return addontest.Entry{DType: string(dtype), Shape: shape, Data: data}
}

// goldenFile is a file of a recorded case.
type goldenFile struct {
	Name     string
	DType    safetensors.DType
	Metadata map[string]string
	Shapes   map[string][]int
	Numbers  map[string]float64
}

func (f goldenFile) open(t testing.TB) *LoRA {
	t.Helper()
	tensors := map[string]addontest.Entry{}
	for key, shape := range f.Shapes {
		tensors[key] = drawn(t, f.DType, f.Name+"/"+key, shape, 0.5)
	}
	for key, x := range f.Numbers {
		data, err := encode(safetensors.F32, []float32{float32(x)})
		if err != nil {
			t.Fatal(err)
		}
		tensors[key] = addontest.Entry{DType: "F32", Shape: []int{}, Data: data}
	}
	path := filepath.Join(t.TempDir(), "a.safetensors")
	addontest.WriteFile(t, path, f.Metadata, tensors)
	l, err := OpenLoRA(path, f.Name, "hash of "+f.Name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// goldenValues are [number of values, length, some values].
type goldenValues struct {
	count  int
	length float64
	some   []float64
}

func (g *goldenValues) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&g.count, &g.length, &g.some})
}

type goldenCase struct {
	Name      string
	Reference string
	Channels  int
	Uses      []struct {
		File       goldenFile
		Unet, Text float64
		Ranks      int
	}
	Want map[string]map[string]goldenValues
}

// golden is what recipe/lora.py recorded.
type golden struct {
	Base  map[string]map[string][]int // "unet 4": shapes by weight
	Cases []goldenCase
}

func readGolden(t testing.TB) golden {
	t.Helper()
	var g golden
	addontest.ReadRecord(t, "lora.json.gz", &g)
	return g
}

// readTurns reads what recipe/turns.py recorded.
func readTurns(t testing.TB) golden {
	t.Helper()
	var g golden
	addontest.ReadRecord(t, "turns.json.gz", &g)
	return g
}

// model is the recorded base model, with a UNet of so many input channels.
func (g golden) model(channels int) *Model {
	m := &Model{Name: "golden", Hash: fmt.Sprint("golden", channels), Parts: map[string]map[string]Info{}}
	shapes := map[string][]int{}
	for part, weights := range g.Base {
		name, ok := strings.CutSuffix(part, fmt.Sprintf(" %d", channels))
		if !ok {
			continue
		}
		m.Parts[name] = map[string]Info{}
		for weight, shape := range weights {
			wide := make([]int64, len(shape))
			for i, d := range shape {
				wide[i] = int64(d)
			}
			m.Parts[name][weight] = Info{safetensors.F32, wide}
			shapes[name+"."+weight] = shape
		}
	}
	m.Read = func(part, weight string) (tensor.Tensor, error) {
		shape := shapes[part+"."+weight]
		return tensor.Of(addontest.Draw("base/"+part+"."+weight, volume(shape), 1), shape...)
	}
	return m
}

// after returns the weights of a model that changes are visible in, branches merged.
func after(t testing.TB, m *Model, c Changes) map[string]map[string][]float32 {
	t.Helper()
	out := map[string]map[string][]float32{}
	for part, change := range c {
		out[part] = map[string][]float32{}
		for weight, w := range change.Weights {
			data, err := safetensors.Floats(m.Parts[part][weight].DType, w)
			if err != nil {
				t.Fatal(err)
			}
			out[part][weight] = data
		}
		for module, b := range change.Branches {
			weight := module + ".weight"
			base, err := m.Read(part, weight)
			if err != nil {
				t.Fatal(err)
			}
			data := base.Data
			if merged, ok := out[part][weight]; ok {
				data = merged
			}
			in, rank, width := b.Down.Shape[0], b.Down.Shape[1], b.Up.Shape[1]
			sum, err := product(b.Down.Data, b.Up.Data, in, rank, width)
			if err != nil {
				t.Fatal(err)
			}
			for i, x := range transpose(sum, in, width) {
				data[i] += x
			}
			out[part][weight] = data
		}
	}
	return out
}

// TestApplyGolden compares every kind with A1111, LyCORIS and PEFT, once with low ranks as branches, and once merged.
func TestApplyGolden(t *testing.T) {
	t.Parallel()
	checkGolden(t, readGolden(t), 80)
}

// TestTurnsGolden compares OFT, IA³ and full differences, in the names of each tool, with LyCORIS and PEFT.
func TestTurnsGolden(t *testing.T) {
	t.Parallel()
	checkGolden(t, readTurns(t), 75)
}

func checkGolden(t *testing.T, g golden, least int) {
	t.Helper()
	for _, c := range g.Cases {
		for _, branches := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s by %s, branches %v", c.Name, c.Reference, branches), func(t *testing.T) {
				t.Parallel()
				m := g.model(c.Channels)
				if !branches {
					m.HasBranch = func(string, string) bool { return false }
				}
				var uses []Use
				for _, u := range c.Uses {
					uses = append(uses, Use{LoRA: u.File.open(t), Unet: u.Unet, Text: u.Text, Ranks: u.Ranks})
				}
				changes, notes, err := Apply(context.Background(), m, uses, nil)
				if err != nil || len(notes) > 0 {
					t.Fatalf("got the notes %v and the error %v", notes, err)
				}
				compare(t, c.Want, after(t, m, changes))
			})
		}
	}
	if len(g.Cases) < least {
		t.Errorf("%d cases were recorded, want at least %d", len(g.Cases), least)
	}
}

func compare(t *testing.T, want map[string]map[string]goldenValues, got map[string]map[string][]float32) {
	t.Helper()
	for part, weights := range got {
		for weight := range weights {
			if _, ok := want[part][weight]; !ok {
				t.Errorf("%s %s was changed", part, weight)
			}
		}
	}
	const tolerance = 2e-5 // of float32 sums in another order
	for part, weights := range want {
		for weight, w := range weights {
			data := got[part][weight]
			if len(data) != w.count {
				t.Errorf("%s %s: got %d values, want %d", part, weight, len(data), w.count)
				continue
			}
			length, step := 0.0, max(1, len(data)/14)
			for _, x := range data {
				length += float64(x) * float64(x)
			}
			if length = math.Sqrt(length); math.Abs(length-w.length) > tolerance*w.length {
				t.Errorf("%s %s: got a length of %v, want %v", part, weight, length, w.length)
			}
			for i, x := range w.some {
				if y := float64(data[i*step]); math.Abs(x-y) > tolerance {
					t.Errorf("%s %s [%d]: got %v, want %v", part, weight, i*step, y, x)
				}
			}
		}
	}
}
