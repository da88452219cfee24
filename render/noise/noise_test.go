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

	"darkroom/render/tensor"
)

// recorded is testdata/torch.json, which recipe/record.py wrote.
type recorded struct {
	Normal []struct {
		Seed  int64
		Draws []struct {
			N          int
			Head, Tail []string
			SHA256     string
		}
	}
	Variations struct {
		Shape       []int
		Seed        int64
		Towards     [][2]float64
		Once, Twice []float32
	}
}

func record(t *testing.T) recorded {
	t.Helper()
	data, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recorded
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTorchDrawsTorchsNumbersBitForBit(t *testing.T) {
	t.Parallel()
	for _, c := range record(t).Normal {
		t.Run(fmt.Sprintf("seed %d", c.Seed), func(t *testing.T) {
			t.Parallel()
			source := NewTorch(c.Seed)
			for i, d := range c.Draws {
				got := make([]float32, d.N)
				source.Fill(got)
				checkBits(t, fmt.Sprintf("draw %d, first values", i), got[:len(d.Head)], d.Head)
				checkBits(t, fmt.Sprintf("draw %d, last values", i), got[d.N-len(d.Tail):], d.Tail)
				if sum := digest(t, got); sum != d.SHA256 {
					t.Errorf("draw %d of %d values: got SHA-256 %s, want %s", i, d.N, sum, d.SHA256)
				}
			}
		})
	}
}

// TestSharedRecord replays ../testdata/golden/noise.json, which was recorded apart from this package's own record.
func TestSharedRecord(t *testing.T) {
	t.Parallel()
	type draw struct {
		Seed int64
		N    int
		Head []string `json:"first_bits"`
		Tail []string `json:"last_bits"`
	}
	var r struct {
		Cases    []draw
		Sequence struct {
			Seed  int64
			Draws []draw
		}
		Latents []string `json:"latents_1x4x8x8_seed_0_bits"`
	}
	data, err := os.ReadFile("../testdata/golden/noise.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	check := func(what string, source Source, d draw) {
		got := make([]float32, d.N)
		source.Fill(got)
		checkBits(t, what+", first values", got[:len(d.Head)], d.Head)
		checkBits(t, what+", last values", got[d.N-len(d.Tail):], d.Tail)
	}
	for _, d := range r.Cases {
		check(fmt.Sprintf("seed %d, n %d", d.Seed, d.N), NewTorch(d.Seed), d)
	}
	sequence := NewTorch(r.Sequence.Seed)
	for i, d := range r.Sequence.Draws {
		check(fmt.Sprintf("draw %d of one generator", i), sequence, d)
	}
	check("latents", NewTorch(0), draw{N: len(r.Latents), Head: r.Latents})
	if len(r.Cases) == 0 || len(r.Sequence.Draws) == 0 || len(r.Latents) != 256 {
		t.Errorf("the record has %d cases, %d draws and %d latents", len(r.Cases), len(r.Sequence.Draws), len(r.Latents))
	}
}

func checkBits(t *testing.T, what string, got []float32, want []string) {
	t.Helper()
	for i, v := range got {
		if bits := fmt.Sprintf("%08x", math.Float32bits(v)); bits != want[i] {
			t.Errorf("%s, value %d: got %s (%v), want %s", what, i, bits, v, want[i])
		}
	}
}

func digest(t *testing.T, x []float32) string {
	t.Helper()
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, x); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:])
}

// The published draws: torch's documentation and, for n = 20, flashinfer's.
func TestTorchPublishedDraws(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seed int64
		n    int
		want []float64
	}{
		{0, 16, []float64{-1.1258, -1.1524, -0.2506, -0.4339, 0.8487, 0.6920, -0.3160, -2.1152}},
		{42, 20, []float64{1.9269, 1.4873, 0.9007, -2.1055, -0.7581, 1.0783, 0.8008, 1.6806, 0.3559, -0.6866}},
		{0, 10, []float64{1.5410, -0.2934, -2.1788, 0.5684, -1.0845, -1.3986, 0.4033, 0.8380, -0.7193, -0.4033}},
		{42, 10, []float64{0.3367, 0.1288, 0.2345, 0.2303, -1.1229, -0.1863, 2.2082, -0.6380, 0.4617, 0.2674}},
	} {
		got := make([]float32, c.n)
		NewTorch(c.seed).Fill(got)
		checkNear(t, fmt.Sprintf("seed %d, n %d", c.seed, c.n), got[:len(c.want)], c.want, 5.1e-5)
	}
}

// The first values are those of the documentation of A1111's Philox generator, shape (3, 4).
func TestPhiloxDrawsWhatCUDADraws(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seed  int64
		draws [][]float64
	}{
		{0, [][]float64{{
			-0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564,
			-0.62285122, -0.32838709, -1.07454231, -0.36314407, -1.67105067, 2.26550497,
		}}},
		{1, [][]float64{
			{-0.296278, 2.676448, -0.140846, -0.844095, 0.290538, -0.283831},
			{-0.633984, -0.643131, -0.642014, -1.447101},
		}},
		{1234567890123, [][]float64{
			{0.474593, 0.839677, -0.764283, -1.038821, -0.725248, -2.110782},
			{-1.144299, -0.434123, -0.271217, 1.238659},
		}},
	} {
		source := NewPhilox(c.seed)
		for i, want := range c.draws {
			got := make([]float32, len(want))
			source.Fill(got)
			checkNear(t, fmt.Sprintf("seed %d, draw %d", c.seed, i), got, want, 1e-6)
		}
	}
}

func checkNear(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= tolerance) {
			t.Errorf("%s, value %d: got %v, want %v", what, i, got[i], want[i])
		}
	}
}

func torchSource(seed int64) Source { return NewTorch(seed) }

func TestStart(t *testing.T) {
	t.Parallel()
	v := record(t).Variations
	chain := []Variation{{int64(v.Towards[0][0]), v.Towards[0][1]}, {int64(v.Towards[1][0]), v.Towards[1][1]}}
	t.Run("a variation is A1111's interpolation", func(t *testing.T) {
		t.Parallel()
		got := Start(NewTorch(v.Seed), torchSource, v.Seed, StartOptions{Variations: chain[:1]}, v.Shape...)
		checkNear(t, "once", got.Data, doubles(v.Once), 1e-6)
	})
	t.Run("a variation of a variation goes on from it", func(t *testing.T) {
		t.Parallel()
		got := Start(NewTorch(v.Seed), torchSource, v.Seed, StartOptions{Variations: chain}, v.Shape...)
		checkNear(t, "twice", got.Data, doubles(v.Twice), 2e-6)
	})
	t.Run("variations leave the source one draw further", func(t *testing.T) {
		t.Parallel()
		plain, varied := NewTorch(3), NewTorch(3)
		Start(plain, torchSource, 3, StartOptions{}, 1, 4, 8, 8)
		Start(varied, torchSource, 3, StartOptions{Variations: chain}, 1, 4, 8, 8)
		got, want := Draw(varied, 1, 4, 8, 8), Draw(plain, 1, 4, 8, 8)
		if digest(t, got.Data) != digest(t, want.Data) {
			t.Errorf("the draw after a variation: got %v…, want %v…", got.Data[:3], want.Data[:3])
		}
	})
}

func doubles(x []float32) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

func TestSlerp(t *testing.T) {
	t.Parallel()
	low, high := Draw(NewTorch(1), 1, 4, 16, 16), Draw(NewTorch(2), 1, 4, 16, 16)
	t.Run("the distance grows with the strength", func(t *testing.T) {
		t.Parallel()
		last := 0.0
		for _, s := range []float64{0.1, 0.3, 0.6, 0.9, 1} {
			d := distance(low, Slerp(low, high, s))
			if d <= last {
				t.Errorf("strength %v: got distance %v, want more than %v", s, d, last)
			}
			last = d
		}
	})
	t.Run("strength 1 replaces the noise", func(t *testing.T) {
		t.Parallel()
		if d := distance(high, Slerp(low, high, 1)); d > 1e-5 {
			t.Errorf("distance from the other noise: got %v, want 0", d)
		}
	})
	t.Run("the noise keeps its size", func(t *testing.T) {
		t.Parallel()
		zero := low.Like()
		got, want := distance(zero, Slerp(low, high, 0.5)), distance(zero, low)
		if math.Abs(got/want-1) > 0.05 {
			t.Errorf("norm: got %v, want about %v", got, want)
		}
	})
	t.Run("parallel noises are mixed with the weights swapped, as A1111 does", func(t *testing.T) {
		t.Parallel()
		got := Slerp(low, tensor.Scale(low, 2), 0.25)
		if d := distance(got, tensor.Scale(low, 1.75)); d > 1e-4 {
			t.Errorf("distance from a quarter of the first and three of the second: got %v, want 0", d)
		}
	})
	t.Run("a noise moved towards itself stays", func(t *testing.T) {
		t.Parallel()
		if d := distance(low, Slerp(low, low, 0.4)); d > 1e-5 {
			t.Errorf("distance: got %v, want 0", d)
		}
	})
}

func distance(a, b tensor.Tensor) float64 {
	var sum float64
	for i, v := range a.Data {
		d := float64(v - b.Data[i])
		sum += d * d
	}
	return math.Sqrt(sum)
}

func TestFusedMultiplyAddRoundsOnce(t *testing.T) {
	t.Parallel()
	// 1 + 2⁻²⁴ + 2⁻⁶⁰ lies just above the middle of two float32; rounding to float64 first would lose the 2⁻⁶⁰.
	got, want := fma32(0x1p-30, 0x1p-30, float32(1)), float32(1)
	if got != want {
		t.Errorf("1 + 2^-60: got %v, want %v", got, want)
	}
	a := float32(1 + 0x1p-12) // a² = 1 + 2⁻¹¹ + 2⁻²⁴
	if got, want := fma32(a, a, 0x1p-60), float32(1+0x1p-11+0x1p-23); got != want {
		t.Errorf("above the middle: got %v, want %v", got, want)
	}
	if got, want := fma32(a, a, -0x1p-60), float32(1+0x1p-11); got != want {
		t.Errorf("below the middle: got %v, want %v", got, want)
	}
}

func BenchmarkTorch(b *testing.B) {
	x := make([]float32, 4*64*64)
	for b.Loop() {
		NewTorch(1).Fill(x)
	}
}
