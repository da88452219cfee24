//go:build !cgo

package main

import (
	"strings"
	"testing"
)

func TestBuildWithoutCgo(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"up"}, {"renderer", "--redis-url", "redis://127.0.0.1:1"}, {"draw", "a boat"}, {"models", "list"},
		{"models", "check"}, {"models", "import", "x.safetensors"}, {"models", "remove", "x"},
	} {
		code, _, stderr := call(t, args...)
		if code != exitFailure || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "C compiler") {
			t.Errorf("%s: got %d, %q, want one line that tells how to get a build that paints", args, code, stderr)
		}
	}
}
