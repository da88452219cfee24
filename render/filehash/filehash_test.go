package filehash

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadSmall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "config.json")
	if _, err := ReadSmall(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := ReadSmall(path); err != nil || string(data) != "{}" {
		t.Errorf("got %q, %v", data, err)
	}
	if err := os.Truncate(path, MaxSmall+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSmall(path); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a large file: got %v", err)
	}
	if _, err := ReadSmall(dir); err == nil || !strings.Contains(err.Error(), "want a file") {
		t.Errorf("a folder: got %v", err)
	}
}
