package noise

import (
	"math"
	"slices"
	"testing"
)

// From numpy 2: SeedSequence(seed, spawn_key=…, pool_size=24).generate_state(4).
func TestSeedSequence(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		seed  int64
		spawn []uint64
		want  []uint32
	}{
		{42, nil, []uint32{387750627, 2536650517, 4078839648}},
		{0, nil, []uint32{4025752534, 2687548107, 2326983537}},
		{42, []uint64{0, 1}, []uint32{2358011247, 1324446858, 2503364079, 1805454880}},
		{1<<40 + 7, []uint64{5, 3}, []uint32{274823170, 1995610858, 3082670851, 2858707861}},
	} {
		if got := seedSequence(w.seed, w.spawn, len(w.want)); !slices.Equal(got, w.want) {
			t.Errorf("seed %d, spawn key %v: got %v, want %v", w.seed, w.spawn, got, w.want)
		}
	}
}

// torchPath is the path that torchsde.BrownianTree(0.029167, zeros(4, 4, 4), 14.614642, entropy=42) draws.
func torchPath() *Brownian {
	return NewBrownian(42, 64, 0.029167, 14.614642, func(seed int64) Source { return NewTorch(seed) })
}

// The first four values and the last of tree(a, b)/√(b−a), from torchsde 0.2.6 with torch 2.15.
func TestBrownianIsTorchsdes(t *testing.T) {
	t.Parallel()
	b := torchPath()
	for _, w := range []struct {
		from, to float64
		want     []float32
	}{
		{9.102862, 14.614642, []float32{1.31712, -0.866727, -0.912143, -0.4342, -0.756035}},
		{5.478366, 9.102862, []float32{-0.769079, 1.0403, 0.225308, -1.60758, -1.15733}},
		{0.029167, 0.081911, []float32{-0.520188, 0.113979, 0.276089, -1.01555, -0.259109}},
		{5.478366, 14.614642, []float32{0.538619, -0.0179647, -0.566563, -1.34979, -1.31617}},
		{5.478366, 9.102862, []float32{-0.769079, 1.0403, 0.225308, -1.60758, -1.15733}},
	} {
		got := make([]float32, 64)
		b.Fill(got, w.from, w.to)
		for i, want := range w.want {
			if g := got[[]int{0, 1, 2, 3, 63}[i]]; math.Abs(float64(g-want)) > 2e-5 {
				t.Errorf("%v to %v, value %d: got %v, want %v", w.from, w.to, i, g, want)
			}
		}
	}
}

func TestBrownianAddsUp(t *testing.T) {
	t.Parallel()
	b := torchPath()
	there, back, parts, part := make([]float32, 64), make([]float32, 64), make([]float32, 64), make([]float32, 64)
	b.Fill(there, 1, 9)
	b.Fill(back, 9, 1)
	for _, cut := range [][2]float64{{1, 2.5}, {2.5, 6}, {6, 9}} {
		b.Fill(part, cut[0], cut[1])
		for i, v := range part {
			parts[i] += v * float32(math.Sqrt((cut[1]-cut[0])/8))
		}
	}
	for i, v := range there {
		if back[i] != -v {
			t.Errorf("value %d back: got %v, want %v", i, back[i], -v)
		}
		if math.Abs(float64(parts[i]-v)) > 1e-5 {
			t.Errorf("value %d in three parts: got %v, want %v", i, parts[i], v)
		}
	}
}

func TestBrownianIsNormal(t *testing.T) {
	t.Parallel()
	b := NewBrownian(7, 1<<14, 0.03, 14.6, func(seed int64) Source { return NewPhilox(seed) })
	values := make([]float32, 1<<14)
	b.Fill(values, 5.1, 3.3)
	sum, squares := 0.0, 0.0
	for _, v := range values {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	n := float64(len(values))
	if mean, deviation := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.04 || math.Abs(deviation-1) > 0.03 {
		t.Errorf("got mean %v and deviation %v, want 0 and 1", mean, deviation)
	}
}
