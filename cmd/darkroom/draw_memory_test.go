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

// shortMemoryPipeline is a pipeline whose memory is short in its second run.
type shortMemoryPipeline struct {
	fakePipeline
	runs int
}

func (c *shortMemoryPipeline) Render(ctx context.Context, s picture.Spec, j render.Job) (*render.Result, error) {
	c.runs++
	c.short = c.runs == 2
	return c.fakePipeline.Render(ctx, s, j)
}

func TestDrawHintsAtShortMemory(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]int{picture.MaxCount: 0, 3 * picture.MaxCount: 1} {
		dir, stderr := t.TempDir(), bytes.Buffer{}
		f, err := openOutput(filepath.Join(dir, "a.png"), count)
		if err != nil {
			t.Fatal(err)
		}
		o := drawRequest{settings: config.Draw{Count: count}, spec: testSpec()}
		s := invocation{environment: environment{stdout: &bytes.Buffer{}, stderr: &stderr, interactive: true}}
		if err := o.render(t.Context(), s, &shortMemoryPipeline{}, f, 0); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(stderr.String(), "memory was short"); got != want {
			t.Errorf("%d pictures: got %q, want to hear of it %d times", count, stderr.String(), want)
		}
	}
}
