package demo_test

import (
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/demo"
)

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "place")
	folder, err := demo.Unpack(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, folder)

	t.Run("again, over a broken copy", func(t *testing.T) {
		index := filepath.Join(folder, "model_index.json")
		untouched := filepath.Join(folder, "darkroom.json")
		if err := os.WriteFile(index, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		before, err := os.Stat(untouched)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := demo.Unpack(dir); err != nil {
			t.Fatal(err)
		}
		same(t, folder)
		after, err := os.Stat(untouched)
		if err != nil || !os.SameFile(before, after) {
			t.Errorf("got another file or %v, want the good file left alone", err)
		}
	})
	t.Run("into a place that is a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := demo.Unpack(file); err == nil {
			t.Error("got no error")
		}
	})
}

// same compares an unpacked folder with the one in the repository.
func same(t *testing.T, folder string) {
	t.Helper()
	count := 0
	for _, pattern := range []string{"*.json", "*/*"} {
		found, err := filepath.Glob(filepath.Join("postcards", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			a, errA := os.ReadFile(path)
			b, errB := os.ReadFile(filepath.Join(filepath.Dir(folder), path))
			if errA != nil || errB != nil || string(a) != string(b) {
				t.Errorf("%s: differs from the repository (%v, %v)", path, errA, errB)
			}
			count++
		}
	}
	if count < 10 {
		t.Errorf("got %d files, want at least the ten of a model folder", count)
	}
}
