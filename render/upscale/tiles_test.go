package upscale

import (
	"context"
	"errors"
	"image"
	"math"
	"testing"

	"darkroom/render/tensor"
)

func TestCover(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tiling        Tiling
		width, height int
		want          []image.Rectangle
	}{
		{Tiling{Width: 16, Height: 16, Overlap: 8}, 16, 16, []image.Rectangle{image.Rect(0, 0, 16, 16)}},
		{Tiling{Width: 64, Height: 64, Overlap: 8}, 16, 24, []image.Rectangle{image.Rect(0, 0, 16, 24)}},
		{
			Tiling{Width: 16, Height: 16, Overlap: 8}, 32, 16,
			[]image.Rectangle{image.Rect(0, 0, 16, 16), image.Rect(8, 0, 24, 16), image.Rect(16, 0, 32, 16)},
		},
	} {
		if got := c.tiling.Cover(c.width, c.height); len(got) != len(c.want) || got[len(got)-1] != c.want[len(c.want)-1] {
			t.Errorf("%+v over %d×%d: got %v, want %v", c.tiling, c.width, c.height, got, c.want)
		}
	}
	for length := 8; length < 400; length += 8 {
		tiling := Tiling{Width: 96, Height: 8, Overlap: 32, Multiple: 8}
		all := tiling.Cover(length, 8)
		for i, at := range all {
			if at.Min.X%8 != 0 || at.Max.X > length || at.Dx() != min(96, length) {
				t.Fatalf("length %d: got %v", length, all)
			}
			if i > 0 && all[i-1].Max.X-at.Min.X < 32 {
				t.Fatalf("length %d: %v and %v overlap by less than 32", length, all[i-1], at)
			}
		}
		if all[0].Min.X != 0 || all[len(all)-1].Max.X != length {
			t.Errorf("length %d: %v leaves an end uncovered", length, all)
		}
	}
}

// doubled repeats each value in both directions.
func doubled(_ context.Context, in tensor.Tensor) (tensor.Tensor, error) {
	return tensor.ResizeNearest(in, 2*in.Shape[2], 2*in.Shape[3]), nil
}

func ramp(channels, height, width int) tensor.Tensor {
	out := tensor.New(1, channels, height, width)
	for i := range out.Data {
		out.Data[i] = float32(i%97) / 97
	}
	return out
}

func TestRun(t *testing.T) {
	t.Parallel()
	tiling := Tiling{Width: 24, Height: 16, Overlap: 8}
	in := ramp(3, 50, 61)
	t.Run("a network that looks at one place gives the same in tiles", func(t *testing.T) {
		t.Parallel()
		got, err := tiling.Run(t.Context(), in, doubled)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := doubled(t.Context(), in)
		for i, v := range got.Data {
			if math.Abs(float64(v-want.Data[i])) > 1e-6 {
				t.Fatalf("value %d: got %v, want %v", i, v, want.Data[i])
			}
		}
	})
	t.Run("tiles that differ as a whole leave no step", func(t *testing.T) {
		t.Parallel()
		tiles := 0
		got, err := tiling.Run(t.Context(), in, func(_ context.Context, tile tensor.Tensor) (tensor.Tensor, error) {
			out := tile.Like()
			for i := range out.Data {
				out.Data[i] = float32(tiles % 2)
			}
			tiles++
			return out, nil
		})
		if err != nil || tiles < 4 {
			t.Fatalf("got %d tiles, %v", tiles, err)
		}
		for i := 1; i < len(got.Data); i++ {
			if step := math.Abs(float64(got.Data[i] - got.Data[i-1])); i%61 != 0 && step > 0.3 {
				t.Fatalf("a step of %v at row %d, column %d", step, i/61%50, i%61)
			}
		}
	})
	t.Run("an ended context ends it between two tiles", func(t *testing.T) {
		t.Parallel()
		reason := errors.New("a reason")
		ctx, cancel := context.WithCancelCause(t.Context())
		tiles := 0
		_, err := tiling.Run(ctx, in, func(ctx context.Context, tile tensor.Tensor) (tensor.Tensor, error) {
			tiles++
			cancel(reason)
			return tile, nil
		})
		if !errors.Is(err, reason) || tiles != 1 {
			t.Errorf("got %v after %d tiles, want the reason after one", err, tiles)
		}
	})
}
