//go:build cgo

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render"
	"darkroom/render/picture"
)

// cramped is an artist whose memory is short in its second painting.
type cramped struct {
	hand
	paintings int
}

func (c *cramped) Paint(ctx context.Context, s picture.Spec, j render.Job) (*render.Result, error) {
	c.paintings++
	c.short = c.paintings == 2
	return c.hand.Paint(ctx, s, j)
}

func TestDrawTellsOfShortMemory(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]int{picture.MaxCount: 0, 3 * picture.MaxCount: 1} {
		dir, stderr := t.TempDir(), bytes.Buffer{}
		f, err := openFrame(filepath.Join(dir, "a.png"), count)
		if err != nil {
			t.Fatal(err)
		}
		o := order{settings: config.Draw{Count: count}, spec: wanted()}
		s := shop{world: world{stdout: &bytes.Buffer{}, stderr: &stderr, watched: true}}
		if err := o.paint(t.Context(), s, &cramped{}, f, 0); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(stderr.String(), "memory was short"); got != want {
			t.Errorf("%d pictures: got %q, want to hear of it %d times", count, stderr.String(), want)
		}
	}
}
