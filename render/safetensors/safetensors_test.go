package safetensors

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	f := opened(t)
	if got, want := f.Names(), []string{"a", "b"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := f.Tensors["b"].Count(); got != 3 {
		t.Errorf("got %d values, want 3", got)
	}
	if _, err := Open(f.Path + "x"); !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), f.Path) != 1 {
		t.Errorf("no file: got %v", err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("a folder: got %v", err)
	}
}
