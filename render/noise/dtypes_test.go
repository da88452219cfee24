package noise

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// TestDTypes compares every floating-point type of torch's with testdata/kinds.json: the halves to the last bit, by a
// digest of all values, and float64 to the last digit.
func TestDTypes(t *testing.T) {
	t.Parallel()
	var r struct {
		Kinds []struct {
			Kind  DType
			Seed  int64
			Draws []struct {
				N          int
				Head, Tail []float64
				SHA256     string
			}
		}
	}
	load(t, "testdata/kinds.json", &r)
	if len(r.Kinds) < 9 {
		t.Errorf("the record has %d cases, want 9", len(r.Kinds))
	}
	for _, c := range r.Kinds {
		t.Run(fmt.Sprint(c.Kind, " ", c.Seed), func(t *testing.T) {
			t.Parallel()
			source := NewTorch(c.Seed)
			for i, d := range c.Draws {
				got := make([]float64, d.N)
				source.FillAs(c.Kind, got)
				if sum := digestDoubles(t, got); c.Kind != Float64 && sum != d.SHA256 {
					t.Errorf("draw %d of %d values: got SHA-256 %s, want %s", i, d.N, sum, d.SHA256)
				}
				checkNearDoubles(t, fmt.Sprintf("draw %d, first values", i), got[:len(d.Head)], d.Head)
				checkNearDoubles(t, fmt.Sprintf("draw %d, last values", i), got[d.N-len(d.Tail):], d.Tail)
			}
		})
	}
}

func load(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func digestDoubles(t *testing.T, x []float64) string {
	t.Helper()
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, x); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

func checkNearDoubles(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= 1e-14*math.Max(1, math.Abs(want[i]))) {
			t.Errorf("%s, value %d: got %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestA1111 compares with A1111's own generator: start noise with variation and another size, and what the steps draw
// after it. On the CPU it is the same to the last bit where nothing is interpolated.
func TestA1111(t *testing.T) {
	t.Parallel()
	var r struct {
		Cases []struct {
			Source            string
			Seed              int64
			Shape             []int
			Subseed           int64
			Strength          float64
			Resize            *[2]int
			Delta             int64
			First, Then, Last []string
		}
	}
	load(t, "testdata/a1111.json", &r)
	if len(r.Cases) < 20 {
		t.Errorf("the record has %d cases, want 20", len(r.Cases))
	}
	for _, c := range r.Cases {
		t.Run(
			fmt.Sprintf(
				"%s, seed %d, variation %d:%v, from %v, delta %d", c.Source, c.Seed, c.Subseed, c.Strength, c.Resize, c.Delta,
			),
			func(t *testing.T) {
				t.Parallel()
				open := torchSource
				if c.Source == "NV" {
					open = func(seed int64) Source { return NewPhilox(seed) }
				}
				var b StartOptions
				if c.Strength > 0 {
					b.Variations = []Variation{{c.Subseed, c.Strength}}
				}
				if c.Resize != nil {
					b.Width, b.Height = c.Resize[0]/8, c.Resize[1]/8
				}
				source := open(c.Seed)
				first := Start(source, open, c.Seed, b, c.Shape...)
				steps := StepSource(source, open, c.Seed, c.Delta)
				then, last := Draw(steps, c.Shape...), Draw(steps, c.Shape...)
				if c.Strength > 0 {
					checkNear(t, "start", first.Data, floats(t, c.First), 2e-6)
				} else {
					checkBits(t, "start", first.Data, c.First)
				}
				checkBits(t, "the first step", then.Data[:8], c.Then)
				checkBits(t, "the second step", last.Data[:8], c.Last)
			},
		)
	}
}

func floats(t *testing.T, words []string) []float64 {
	t.Helper()
	out := make([]float64, len(words))
	for i, w := range words {
		var bits uint32
		if _, err := fmt.Sscanf(w, "%x", &bits); err != nil {
			t.Fatal(err)
		}
		out[i] = float64(math.Float32frombits(bits))
	}
	return out
}

// TestPhiloxRecorded compares with A1111's emulation of a graphics card's generator, run by numpy.
func TestPhiloxRecorded(t *testing.T) {
	t.Parallel()
	var r struct {
		Philox []struct {
			Seed  int64
			Draws []struct {
				N          int
				Head, Tail []string
				SHA256     string
			}
		}
	}
	load(t, "testdata/a1111.json", &r)
	for _, c := range r.Philox {
		source := NewPhilox(c.Seed)
		for i, d := range c.Draws {
			got := make([]float32, d.N)
			source.Fill(got)
			checkBits(t, fmt.Sprintf("seed %d, draw %d, first values", c.Seed, i), got[:len(d.Head)], d.Head)
			checkBits(t, fmt.Sprintf("seed %d, draw %d, last values", c.Seed, i), got[d.N-len(d.Tail):], d.Tail)
			if sum := digest(t, got); sum != d.SHA256 {
				t.Errorf("seed %d, draw %d: got SHA-256 %s, want %s", c.Seed, i, sum, d.SHA256)
			}
		}
	}
	if len(r.Philox) == 0 {
		t.Error("the record is empty")
	}
}
