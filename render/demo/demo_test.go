package demo_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"darkroom/render/demo"
)

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "place")
	folder, err := demo.Unpack(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkSame(t, folder)

	t.Run("again, it only reads", func(t *testing.T) {
		index := filepath.Join(folder, "model_index.json")
		before, err := os.Stat(index)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := demo.Unpack(dir); err != nil || again != folder {
			t.Fatalf("got %s, %v, want %s", again, err, folder)
		}
		after, err := os.Stat(index)
		if err != nil || !os.SameFile(before, after) {
			t.Errorf("got another file or %v, want the good file left alone", err)
		}
	})
	t.Run("again, over a broken copy with files of another model", func(t *testing.T) {
		foreign := filepath.Join(folder, "tokenizer", "added_tokens.json")
		for _, path := range []string{filepath.Join(folder, "model_index.json"), foreign} {
			if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if again, err := demo.Unpack(dir); err != nil || again != folder {
			t.Fatalf("got %s, %v, want %s", again, err, folder)
		}
		checkSame(t, folder)
		if _, err := os.Stat(foreign); !os.IsNotExist(err) {
			t.Errorf("the foreign file: got %v, want it gone", err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("got %v, %v, want nothing beside the folder", left, err)
		}
	})
	t.Run("by several at once", func(t *testing.T) {
		dir := t.TempDir()
		var g errgroup.Group
		for range 4 {
			g.Go(func() error { _, err := demo.Unpack(dir); return err })
		}
		if err := g.Wait(); err != nil {
			t.Error(err)
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

// TestSize keeps the model and its add-ons small enough for the repository and for every renderer.
func TestSize(t *testing.T) {
	t.Parallel()
	const limit = 24 << 20
	var total int64
	for _, dir := range []string{"postcards", "addons"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				total += info.Size()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if total > limit {
		t.Errorf("got %d bytes of model and add-ons, want at most %d", total, limit)
	}
}

// checkSame compares an unpacked folder with the one in the repository.
func checkSame(t *testing.T, folder string) {
	t.Helper()
	for pattern, least := range map[string]int{"postcards/*.json": 2, "postcards/*/*": 10, "addons/*/*": 3} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) < least {
			t.Fatalf("%s: got %d files, %v, want at least %d", pattern, len(found), err, least)
		}
		for _, path := range found {
			a, errA := os.ReadFile(path)
			b, errB := os.ReadFile(filepath.Join(filepath.Dir(folder), path))
			if errA != nil || errB != nil || string(a) != string(b) {
				t.Errorf("%s: differs from the repository (%v, %v)", path, errA, errB)
			}
		}
	}
}
