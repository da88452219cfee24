package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/prompt/dynamic"
)

func TestWildcardFolderLogsOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dir, "gone.txt")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "birds.txt"), []byte("owl"), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	f := wildcardFolder(dir, slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		rows, err := dynamic.Expand(t.Context(), []string{"__*__"}, 1, f, 5)
		if err != nil || rows[0][0] != "owl" {
			t.Fatalf("got %q, %v, want owl", rows, err)
		}
	}
	if n := strings.Count(log.String(), "gone.txt"); n != 2 { // the path, and the path in the error
		t.Errorf("named %d times, want in one line: %s", n, &log)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want one: %s", n, &log)
	}
}
