package library

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ version, fails string }{
		{"", ""}, {Recommended, ""}, {"1.24.1", ""}, {"1.27.0", ""}, {"1.28.2", ""},
		{"1.23.2", "too old"}, {"1.9.0", "too old"},
		{"1.29.0", "usage reports"}, {"1.30.1", "usage reports"},
		{"2.0.0", "want 1.24 to 1.28"}, {"main", "not a version"}, {"1.x", "want 1.24 to 1.28"},
	} {
		err := Check(c.version)
		if c.fails == "" && err != nil {
			t.Errorf("%q: got error %v, want none", c.version, err)
		}
		if c.fails != "" &&
			(err == nil || !strings.Contains(err.Error(), c.fails) || !strings.Contains(err.Error(), "cmd/ort")) {
			t.Errorf("%q: got error %v, want one with %q and the fix", c.version, err, c.fails)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	t.Run("no library anywhere names the places and the fix", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		_, err := Find("", dir)
		if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), FixHint) {
			t.Errorf("got %v, want ErrNotFound with the place and the fix", err)
		}
	})
	t.Run("an explicit folder without a library", func(t *testing.T) {
		t.Parallel()
		if _, err := Find(t.TempDir()); !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v, want ErrNotFound", err)
		}
	})
	t.Run("an explicit file that is no library is not passed over", func(t *testing.T) {
		t.Parallel()
		lib := installed(t)
		text := filepath.Join(t.TempDir(), Name(runtime.GOOS, "1.24.1"))
		if err := os.WriteFile(text, []byte("<html>"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Find(text, filepath.Dir(lib)); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error that names %s", err, text)
		}
		if _, err := Find(filepath.Join(t.TempDir(), "missing"), filepath.Dir(lib)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v, want ErrNotExist", err)
		}
	})
	t.Run("a broken file is passed over for a good one", func(t *testing.T) {
		t.Parallel()
		lib, dir := installed(t), t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, Name(runtime.GOOS, "1.25.0")), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := Find("", dir, filepath.Dir(lib))
		if err != nil || filepath.Dir(got) != filepath.Dir(lib) {
			t.Errorf("got %s, %v, want a library of %s", got, err, filepath.Dir(lib))
		}
	})
}

func TestInspect(t *testing.T) {
	t.Parallel()
	lib := installed(t)
	t.Run("the installed library says its version", func(t *testing.T) {
		t.Parallel()
		got, err := Inspect(lib)
		if err != nil || !strings.Contains(filepath.Base(lib), got) || got == "" {
			t.Errorf("got %q, %v, want the version in %s", got, err, lib)
		}
	})
	t.Run("another processor's library is refused", func(t *testing.T) {
		t.Parallel()
		other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
		if _, err := InspectFor(lib, runtime.GOOS, other); err == nil ||
			!strings.Contains(err.Error(), "want one for "+other) {
			t.Errorf("got %v, want a refusal that names %s", err, other)
		}
	})
	t.Run("another system's library is refused", func(t *testing.T) {
		t.Parallel()
		other := map[string]string{"linux": "darwin", "darwin": "linux"}[runtime.GOOS]
		if _, err := InspectFor(lib, other, runtime.GOARCH); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("a program that is not the runtime is refused", func(t *testing.T) {
		t.Parallel()
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(exe); err == nil {
			t.Error("got no error")
		}
	})
}

// installed returns the library that the Makefile fetches, or skips the test.
func installed(t *testing.T) string {
	t.Helper()
	lib, err := Find(os.Getenv("ONNXRUNTIME_LIB"), Dirs()...)
	if err != nil {
		t.Skip(err)
	}
	return lib
}
