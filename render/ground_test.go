package render

import (
	"image"
	"testing"

	"darkroom/render/picture"
)

func TestGroundWindows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		canvas, known image.Rectangle
		window        picture.Size
		want          int
	}{
		{"a pan", image.Rect(0, 0, 192, 128), image.Rect(0, 0, 128, 128), picture.Size{Width: 128, Height: 128}, 2},
		{"a pan up", image.Rect(0, 0, 128, 192), image.Rect(0, 64, 128, 192), picture.Size{Width: 128, Height: 128}, 2},
		{"a zoom", image.Rect(0, 0, 256, 256), image.Rect(64, 64, 192, 192), picture.Size{Width: 128, Height: 128}, 16},
		{"a second pan", image.Rect(0, 0, 256, 128), image.Rect(0, 0, 192, 128), picture.Size{Width: 128, Height: 128}, 2},
		{"a pan of what was panned", image.Rect(0, 0, 192, 192), image.Rect(0, 64, 192, 192),
			picture.Size{Width: 128, Height: 128}, 4},
		{"more than half of a window", image.Rect(0, 0, 336, 96), image.Rect(160, 0, 336, 96),
			picture.Size{Width: 176, Height: 96}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			windows := groundWindows(c.canvas, c.known, c.window, 8)
			if len(windows) != c.want {
				t.Errorf("got %d windows, want %d: %v", len(windows), c.want, windows)
			}
			painted := map[image.Point]bool{}
			there := func(p image.Point) bool { return p.In(c.known) || painted[p] }
			for _, w := range windows {
				if !w.at.In(c.canvas) || w.at.Dx() != c.window.Width || w.at.Dy() != c.window.Height || !w.fresh.In(w.at) {
					t.Errorf("window %v is not one of the model's on %v", w, c.canvas)
				}
				known := 0
				for y := w.at.Min.Y; y < w.at.Max.Y; y++ {
					for x := w.at.Min.X; x < w.at.Max.X; x++ {
						p := image.Pt(x, y)
						if there(p) {
							known++
						} else if !p.In(w.fresh) {
							t.Fatalf("window %v shows %v, which nobody painted", w, p)
						}
						if there(p) && p.In(w.fresh) {
							t.Fatalf("window %v paints %v again", w, p)
						}
					}
				}
				if 2*known < w.at.Dx()*w.at.Dy() {
					t.Errorf("window %v shows %d known pixels, less than half", w, known)
				}
				for y := w.fresh.Min.Y; y < w.fresh.Max.Y; y++ {
					for x := w.fresh.Min.X; x < w.fresh.Max.X; x++ {
						painted[image.Pt(x, y)] = true
					}
				}
			}
			if got, want := len(painted), c.canvas.Dx()*c.canvas.Dy()-c.known.Dx()*c.known.Dy(); got != want {
				t.Errorf("got %d pixels painted, want %d", got, want)
			}
		})
	}
}
