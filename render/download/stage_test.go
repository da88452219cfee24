package download

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestStage(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), ".pull", "model")
	s, err := OpenStage(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, busy := OpenStage(dir); !errors.As(busy, new(*BusyError)) {
		t.Errorf("a second time at once: got %v, want a *BusyError", busy)
	}
	for _, name := range []string{"a", "b", "sub/c", "sub/d"} {
		if err := os.MkdirAll(filepath.Dir(s.Path(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.Path(name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	if s, err = OpenStage(dir); err != nil {
		t.Fatalf("after it was closed: %v", err)
	}
	if err := s.Sweep(map[string]bool{s.Path("a"): true, s.Path("sub/c"): true}); err != nil {
		t.Fatal(err)
	}
	got := append(namesIn(t, dir), namesIn(t, s.Path("sub"))...)
	if want := []string{"a", "sub", "c"}; !slices.Equal(got, want) {
		t.Errorf("after a sweep lie %q, want %q", got, want)
	}
	other := filepath.Join(filepath.Dir(dir), "other")
	if err := errors.Join(os.Mkdir(other, 0o755), s.Remove()); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, filepath.Dir(dir)); !slices.Equal(got, []string{"other"}) {
		t.Errorf("beside it lie %q, want what is not its own", got)
	}
	if s, err = OpenStage(other); err != nil {
		t.Fatal(err)
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(dir)); !os.IsNotExist(err) {
		t.Errorf("the empty folder above: got %v, want it gone", err)
	}
}
