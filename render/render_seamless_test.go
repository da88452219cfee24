//go:build cgo

package render_test

import (
	"image"
	"testing"

	"darkroom/render"
	"darkroom/render/noise"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

// TestSeamless renders tileable images with the demo model.
func TestSeamless(t *testing.T) {
	t.Parallel()
	r := pipelinetest.Load(t, demoFolder)
	tiling := demoSpec()
	tiling.Tiling = true
	done, err := r.Render(t.Context(), tiling, render.Job{})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the image goes on from edge to edge", func(t *testing.T) {
		t.Parallel()
		img := done.Tiles[0].Image
		for _, across := range []bool{true, false} {
			if edge, inside := edgeJumps(img, across); edge > 1.5*inside {
				t.Errorf("across %v: the edges are %.1f apart, neighbours inside %.1f", across, edge, inside)
			}
		}
	})
	t.Run("without it, it does not", func(t *testing.T) {
		t.Parallel()
		plain := demoSpec()
		other, err := r.Render(t.Context(), plain, render.Job{})
		if err != nil {
			t.Fatal(err)
		}
		if edge, inside := edgeJumps(other.Tiles[0].Image, false); edge < 5*inside {
			t.Errorf("its upper and lower edge are %.1f apart, neighbours inside %.1f: this test shows nothing", edge, inside)
		}
	})
	t.Run("rolled noise gives the same image, rolled", func(t *testing.T) {
		t.Parallel()
		start := noise.Draw(noise.NewTorch(7), 1, 4, 16, 16)
		shifted := roll(start, 4, 6)
		a, err := r.Render(t.Context(), tiling, render.Job{Latents: &start})
		if err != nil {
			t.Fatal(err)
		}
		b, err := r.Render(t.Context(), tiling, render.Job{Latents: &shifted})
		if err != nil {
			t.Fatal(err)
		}
		want, off := roll(a.Latents, 4, 6), float32(0)
		for i, v := range b.Latents.Data {
			off = max(off, v-want.Data[i], want.Data[i]-v)
		}
		if off > 1e-3 {
			t.Errorf("the latents are up to %v off", off)
		}
	})
	t.Run("dropped networks are made again", func(t *testing.T) {
		t.Parallel()
		r := pipelinetest.Load(t, demoFolder)
		for range 2 {
			again, err := r.Render(t.Context(), tiling, render.Job{})
			if err != nil {
				t.Fatal(err)
			}
			if shareOff(again.Tiles[0].Image, done.Tiles[0].Image) > 0.001 {
				t.Error("the image differs")
			}
			if dropped, err := r.Model.DropSeamless(); err != nil || !dropped {
				t.Fatalf("got dropped %v, %v, want them gone", dropped, err)
			}
		}
	})
}

// edgeJumps is how far the first and last columns (or rows) of an image are apart on average, and how far neighbours
// inside.
func edgeJumps(img *image.NRGBA, across bool) (edge, inside float64) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	at := func(along, by int) int {
		if across {
			return img.PixOffset(by%w, along)
		}
		return img.PixOffset(along, by%h)
	}
	n, m := w, h
	if !across {
		n, m = h, w
	}
	for by := range n {
		sum := 0.0
		for along := range m {
			for c := range 3 {
				d := float64(img.Pix[at(along, by)+c]) - float64(img.Pix[at(along, by+1)+c])
				sum += max(d, -d) / float64(3*m)
			}
		}
		if by == n-1 {
			edge = sum
		} else {
			inside += sum / float64(n-1)
		}
	}
	return edge, inside
}

// roll moves a map of latents down and to the right; what leaves it comes in at the other side.
func roll(t tensor.Tensor, down, right int) tensor.Tensor {
	out := t.Like()
	h, w := t.Shape[2], t.Shape[3]
	for i := range out.Data {
		plane, y, x := i/(h*w), i/w%h, i%w
		out.Data[plane*h*w+(y+down)%h*w+(x+right)%w] = t.Data[i]
	}
	return out
}
