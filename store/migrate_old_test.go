//go:build unix

package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/store"
	"darkroom/store/postgrestest"
)

// oldCommit is the last commit of the version before the tables got plain names.
const oldCommit = "2eb52a3"

// TestOldProgram checks that the version before refuses to start on a migrated database, says why in one line, and
// changes nothing. It builds that version from the repository's history, so it runs only with DARKROOM_SOAK.
func TestOldProgram(t *testing.T) {
	t.Parallel()
	if os.Getenv("DARKROOM_SOAK") == "" {
		t.Skip("builds an older version: set DARKROOM_SOAK to run it")
	}
	program := buildOld(t)
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		refusedByOld(t, program, "sqlite:"+filepath.Join(t.TempDir(), "a.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		refusedByOld(t, program, postgrestest.Start(t).Database(t))
	})
}

// buildOld builds oldCommit and returns the path of its program.
func buildOld(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	archive := filepath.Join(dir, "old.tar")
	export := exec.Command("git", "archive", "--output", archive, oldCommit)
	export.Dir = ".." // in a folder of the repository, git archive leaves out all others
	if out, err := export.CombinedOutput(); err != nil {
		t.Skipf("the history of this checkout has no commit %s: %v: %s", oldCommit, err, out)
	}
	run := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(name, args...)
		c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c, err, out)
		}
	}
	run("tar", "-xf", archive)
	run("go", "build", "-o", "old", "./cmd/darkroom")
	return filepath.Join(dir, "old")
}

func refusedByOld(t *testing.T, program, address string) {
	s := openURL(t, address, store.Options{})
	acceptAndAcknowledge(t, s, "1-0")
	before := find(t, s, "1-0")
	for _, command := range []string{"bot", "line show", "line pause"} {
		c := exec.Command(program, strings.Fields(command)...)
		c.Dir = t.TempDir()
		c.Env = append(os.Environ(), "DATABASE_URL="+address, "DISCORD_TOKEN=x", "REDIS_URL=redis://127.0.0.1:1")
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 || strings.Count(string(out), "\n") != 1 ||
			!strings.Contains(string(out), "use a newer darkroom") {
			t.Errorf("%s: got %v and %q, want exit code 1 and one line with advice", command, err, out)
		}
	}
	equal(t, "the job afterwards", find(t, s, "1-0"), before)
	pauses, err := s.Pauses(t.Context())
	equal(t, "pauses afterwards", []any{pauses, err}, []any{[]store.Pause(nil), error(nil)})
}
