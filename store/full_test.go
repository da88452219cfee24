package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"darkroom/store"
)

// fillUp accepts jobs until it fails, and returns the error.
func fillUp(ctx context.Context, s *store.Store, name string) error {
	for n := range 100_000 {
		j := store.Job{
			ID: fmt.Sprintf("%s-%d", name, n), Server: "g", User: "u", Verb: "imagine", State: store.Accepted, Lane: "l",
			Pictures: 1, Spec: []byte(`{"prompt":"` + strings.Repeat("x", 4000) + `"}`), Address: []byte(`{}`),
		}
		err := s.Accept(ctx, []store.Job{j}, func(store.Policy, store.Usage) error { return nil })
		if err != nil {
			return err
		}
	}
	return nil
}

func TestFull(t *testing.T) {
	t.Parallel()
	t.Run("a file that may not grow, until it may", func(t *testing.T) {
		t.Parallel()
		ctx := t.Context()
		s, err := store.Open(ctx, filepath.Join(t.TempDir(), "a.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.LimitPages(ctx, 200); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if err := fillUp(ctx, s, fmt.Sprint("full", i)); !store.Full(err) || store.Unreachable(err) {
				t.Fatalf("when full: got %v, want an error that is Full and not Unreachable", err)
			} else if !store.FullText(err.Error()) {
				t.Errorf("the text %q does not say so", err)
			}
		}
		if err := s.SetMeta(ctx, "x", strings.Repeat("x", 1<<20)); !store.Full(err) {
			t.Errorf("outside of a transaction: got %v, want one that is Full", err)
		}
		if err := s.LimitPages(ctx, 1<<30); err != nil {
			t.Fatal(err)
		}
		if err := s.SetMeta(ctx, "x", "y"); err != nil {
			t.Errorf("with room again: got %v", err)
		}
	})
	t.Run("other errors", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			err  error
			full bool
		}{
			{nil, false},
			{errors.New("disk on fire"), false},
			{fmt.Errorf("accept: %w", &pgconn.PgError{Code: "53100"}), true},
			{&pgconn.PgError{Code: "53300"}, false},
		} {
			if got := store.Full(c.err); got != c.full {
				t.Errorf("%v: got %v, want %v", c.err, got, c.full)
			}
		}
		if text := fmt.Sprint(&pgconn.PgError{Code: "53100"}); !store.FullText(text) || store.FullText("disk on fire") {
			t.Errorf("the text %q does not say so, or another one does", text)
		}
		if store.Unreachable(&pgconn.PgError{Code: "53100"}) {
			t.Error("a full disk counts as a server that cannot be reached")
		}
	})
}

// TestFullDisk fills a real file system, which it may mount in a namespace of its own.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if dir := os.Getenv("DARKROOM_TEST_FULL_DISK"); dir != "" {
		fillDisk(t, dir)
		return
	}
	unshare, err := exec.LookPath("unshare")
	if err != nil {
		t.Skip("no unshare on this machine")
	}
	dir := t.TempDir()
	const mount = `mount -t tmpfs -o size=2m tmpfs "$DARKROOM_TEST_FULL_DISK" || exit 77
		exec "$0" -test.run '^TestFullDisk$'`
	c := exec.CommandContext(t.Context(), unshare, "-Urm", "sh", "-c", mount, os.Args[0])
	c.Env = append(os.Environ(), "DARKROOM_TEST_FULL_DISK="+dir)
	out, err := c.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "--- FAIL") {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

func fillDisk(t *testing.T, dir string) {
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(dir, "a.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 512<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		if err := fillUp(ctx, s, fmt.Sprint(i)); !store.Full(err) {
			t.Fatalf("on a full disk: got %v, want an error that is Full", err)
		}
	}
	if path, free := s.Disk(); path != filepath.Join(dir, "a.db") || free < 0 || free > 64<<10 {
		t.Errorf("disk: got %s with %d bytes free, want the file's and hardly any", path, free)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(ctx, "x", "y"); err != nil {
		t.Errorf("with room again: got %v", err)
	}
}
