package safetensors

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// opened writes a file of two tensors, the last value of which is 1, and opens it.
func opened(t *testing.T) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "two.safetensors")
	b := file(two, 22)
	b[len(b)-1] = 0x3c
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMap(t *testing.T) {
	t.Parallel()
	f := opened(t)
	m, err := f.Map()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Floats(f.Tensors["b"]); err != nil || got[2] != 1 {
		t.Errorf("got %v, %v", got, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

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
