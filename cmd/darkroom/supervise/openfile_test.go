package supervise

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/filehash"
)

func TestWrittenTo(t *testing.T) {
	t.Parallel()
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(path string) error
		want   bool
	}{
		"nothing happens":    {func(string) error { return nil }, false},
		"it is cut short":    {func(path string) error { return os.Truncate(path, 3) }, true},
		"it is written over": {func(path string) error { return os.WriteFile(path, []byte("other weights"), 0o600) }, true},
		"it is gone":         {os.Remove, false},
		"another one replaces it": {
			func(path string) error {
				other := path + ".new"
				return errors.Join(os.WriteFile(other, []byte("longer text"), 0o600), os.Rename(other, path))
			}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "weights")
			must(os.WriteFile(path, []byte("weight"), 0o600))
			info, err := os.Stat(path)
			must(err)
			must(c.change(path))
			got, found := writtenTo([]filehash.File{{Path: path, Stamp: filehash.StampOf(info)}})
			if found != c.want || found && got != path {
				t.Errorf("got %q, %v, want %v", got, found, c.want)
			}
		})
	}
}
