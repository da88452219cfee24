package interaction

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestSharedToken(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	begin := func() (token *sharedToken, now *time.Time, log *bytes.Buffer) {
		at := start
		log = &bytes.Buffer{}
		token = newSharedToken(func() time.Time { return at }, slog.New(slog.NewTextHandler(log, nil)))
		return token, &at, log
	}
	told := func(log *bytes.Buffer) int { return strings.Count(log.String(), "level=ERROR") }
	t.Run("a newcomer gives way at once and says so once", func(t *testing.T) {
		t.Parallel()
		token, now, log := begin()
		*now = start.Add(settledAfter - time.Second)
		if token.quiet() {
			t.Error("it is quiet without a reason")
		}
		token.lost()
		token.lost() // one that had begun before
		if !token.quiet() || told(log) != 1 {
			t.Errorf("quiet: %v, told %d times; want it quiet, told once:\n%s", token.quiet(), told(log), log)
		}
		*now = now.Add(2 * quietFor)
		if token.quiet() {
			t.Error("it does not come back")
		}
		token.lost()
		if !token.quiet() || told(log) != 1 {
			t.Errorf("when it came back: quiet %v, told %d times; want it quiet, told once", token.quiet(), told(log))
		}
	})
	t.Run("a settled bot bears the newcomer's first answers, and no more", func(t *testing.T) {
		t.Parallel()
		token, now, log := begin()
		*now = start.Add(settledAfter)
		for range toleratedLosses {
			token.lost()
		}
		if token.quiet() || told(log) != 1 {
			t.Errorf("quiet: %v, told %d times; want it to go on, told once:\n%s", token.quiet(), told(log), log)
		}
		*now = now.Add(settledAfter + time.Second)
		token.lost() // the next newcomer, later
		if token.quiet() || told(log) != 2 {
			t.Errorf("later: quiet %v, told %d times; want it to go on, told twice", token.quiet(), told(log))
		}
		for range toleratedLosses {
			token.lost()
		}
		if !token.quiet() {
			t.Error("it goes on although the other one does not give way")
		}
	})
}
