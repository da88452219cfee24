//go:build cgo

package main

import (
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
)

// TestPromptOfACheckpoint reads a prompt as a model in one file, whose tokenizer is the program's own, and counts the
// word of an embedding as known.
func TestPromptOfACheckpoint(t *testing.T) {
	t.Parallel()
	path := goldentest.Checkpoint(t, "sd2-v")
	code, out, errs := call(t, "prompt", "--model", path, "a boat")
	if code != 0 || !strings.Contains(out, "320 4440") {
		t.Errorf("got %d, %q, %q, want the ids of CLIP's tokenizer", code, out, errs)
	}
	if code, out, errs := call(t, "prompt", "a red kite"); code != 0 || strings.Contains(errs, "does not know") {
		t.Errorf("got %d, %q, %q, want no hint about the embedding kite", code, out, errs)
	}
}
