package render

import (
	"image"
	"image/color"
	"testing"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	t.Run("shows all tiles as they are at that step", func(t *testing.T) {
		t.Parallel()
		s := boatSpec()
		s.Count, s.Sampler = 4, "ddim"
		r, f := newFake(t, Options{})
		var first, last *Preview
		res := mustRender(t, r, s, Job{Progress: func(p Progress) {
			switch p.Step {
			case 1:
				first = p.Preview()
			case p.Steps:
				last = p.Preview()
			}
		}})
		for _, preview := range []*Preview{first, last} {
			if preview == nil || preview.Sheet.Bounds() != image.Rect(0, 0, 128, 96) {
				t.Fatalf("got a preview %v, want 128×96", preview)
			}
		}
		tile := image.NewNRGBA(image.Rect(0, 0, 64, 48))
		for i := range 64 * 48 {
			tile.Set(i%64, i/64, last.Sheet.At(64+i%64, 48+i/64))
		}
		if d := meanDifference(t, tile, res.Tiles[3].Image); d > 3 {
			t.Errorf("the last preview of tile 4 is %v away from its image", d)
		}
		if f.decodes.Load() != 4+8 {
			t.Errorf("decoded %d tiles, want 4 for each sheet that was asked for and 4 images", f.decodes.Load())
		}
	})
	t.Run("is grey where a tile has not begun, and no larger than allowed", func(t *testing.T) {
		t.Parallel()
		s := boatSpec()
		s.Count = 2
		r, _ := newFake(t, Options{BatchPixels: 1, PreviewPixels: 32 * 24})
		var preview *Preview
		mustRender(t, r, s, Job{Progress: func(p Progress) {
			if p.Step == 1 {
				preview = p.Preview()
			}
		}})
		if preview == nil || preview.Sheet.Bounds() != image.Rect(0, 0, 64, 24) {
			t.Fatalf("got a preview %v, want 64×24", preview)
		}
		if got := color.NRGBAModel.Convert(preview.Sheet.At(40, 10)); got != (color.NRGBA{128, 128, 128, 255}) {
			t.Errorf("a tile that has not begun is %v, want grey", got)
		}
	})
	t.Run("is nil after the job", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		var late Progress
		mustRender(t, r, boatSpec(), Job{Progress: func(p Progress) { late = p }})
		if got := late.Preview(); got != nil {
			t.Errorf("got %v, want nil", got)
		}
	})
	t.Run("may be asked for from another goroutine", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		shots := make(chan Progress, 8)
		done := make(chan int)
		go func() {
			n := 0
			for p := range shots {
				p.Preview()
				n++
			}
			done <- n
		}()
		mustRender(t, r, boatSpec(), Job{Progress: func(p Progress) { shots <- p }})
		close(shots)
		if n := <-done; n != 8 {
			t.Errorf("asked for %d previews, want 8", n)
		}
	})
}
