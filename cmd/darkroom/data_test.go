package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/config"
)

func TestOpenData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "deep", "data")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := openData(t.Context(), config.Data{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "darkroom.db"): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want mode %v", path, info.Mode(), err, want)
		}
	}
	if _, err := openData(t.Context(), config.Data{Dir: dir, Database: config.NewSecret("mysql://h/d")}); err == nil {
		t.Error("a database of another kind: got no error")
	}
	if _, err := openData(t.Context(), config.Data{Dir: filepath.Join(dir, "darkroom.db")}); err == nil {
		t.Error("a data directory that is a file: got no error")
	}
}

func TestOpenQueue(t *testing.T) {
	t.Parallel()
	line := config.Leasing{Lease: 3 * time.Second}
	t.Run("without an address the queue is in this process", func(t *testing.T) {
		t.Parallel()
		q, err := openQueue(t.Context(), slog.New(slog.DiscardHandler), config.Redis{Pool: "main"}, line)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		if err := q.Ping(t.Context()); err != nil || q.LeaseDuration() != line.Lease {
			t.Errorf("got %v and a lease of %v, want an answer and %v", err, q.LeaseDuration(), line.Lease)
		}
	})
	t.Run("a server that does not answer yet is waited for", func(t *testing.T) {
		t.Parallel()
		var log strings.Builder
		url := config.NewSecret("redis://:hush@127.0.0.1:1/0")
		q, err := openQueue(t.Context(), newLog(&log, config.Log{}), config.Redis{URL: url, Pool: "main"}, line)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		if got := log.String(); !strings.Contains(got, "does not answer yet") || strings.Contains(got, "hush") {
			t.Errorf("log: got %q, want a warning without the password", got)
		}
	})
	t.Run("an address that is none", func(t *testing.T) {
		t.Parallel()
		_, err := openQueue(
			t.Context(), slog.New(slog.DiscardHandler), config.Redis{URL: config.NewSecret("redis://:hush@"), Pool: "main"},
			line,
		)
		if err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("got %v, want a fault without the password", err)
		}
	})
}

func TestOwnCDN(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://discord.com/api/v10": "", "": "", "http://127.0.0.1:99/api/v10": "127.0.0.1:99",
	} {
		got, err := ownCDN(config.API{Base: base})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, %v, want %q", base, got, err, want)
		}
	}
}
