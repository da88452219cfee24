//go:build unix

package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/config"
	"darkroom/render/logtest"
)

// logLines is a log that signals its lines.
type logLines chan string

func (c logLines) Write(line []byte) (int, error) {
	c <- string(line)
	return len(line), nil
}

func TestAwaitDataWaitsForPostgreSQL(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "pg") // t.TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	d := config.Data{Dir: t.TempDir(), Database: config.NewSecret("postgres://tester@/d?host=" + url.QueryEscape(folder))}
	lines, ended := make(logLines, 10), make(chan error, 1)
	go func() {
		_, err := awaitData(t.Context(), slog.New(slog.NewTextHandler(lines, nil)), d)
		ended <- err
	}()
	select {
	case line := <-lines:
		if !strings.Contains(line, "the database does not answer yet") {
			t.Errorf("log: got %q", line)
		}
	case err := <-ended:
		t.Fatalf("it ended with %v, want it to wait", err)
	}
	servePostgresError(t, filepath.Join(folder, ".s.PGSQL.5432"), "3D000", "database does not exist")
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "3D000") {
		t.Errorf("a server without that database: got %v, want to hear so", err)
	}
	if len(lines) > 0 {
		t.Errorf("log: got another line: %s", <-lines)
	}
}

// TestAwaitDataNamesWhatPgBouncerRefuses has a pooler refuse a setting, as PgBouncer does: it will never answer
// otherwise.
func TestAwaitDataNamesWhatPgBouncerRefuses(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	const refusal = "unsupported startup parameter: synchronous_commit"
	servePostgresError(t, filepath.Join(folder, ".s.PGSQL.5432"), "08P01", refusal)
	d := config.Data{Dir: t.TempDir(), Database: config.NewSecret("postgres://tester@/d?host=" + url.QueryEscape(folder))}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = awaitData(ctx, slog.New(slog.DiscardHandler), d)
	if err == nil || errors.Is(err, errStopped) || !strings.Contains(err.Error(), refusal) ||
		!strings.Contains(err.Error(), "PostgreSQL server itself") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line with the refusal and what to do", err)
	}
}

func TestAwaitDataCanBeStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	d := config.Data{
		Dir: t.TempDir(), Database: config.NewSecret("postgres://tester@/d?host=" + url.QueryEscape(t.TempDir())),
	}
	lines := make(logLines)
	go func() { <-lines; cancel() }()
	if _, err := awaitData(ctx, slog.New(slog.NewTextHandler(lines, nil)), d); !errors.Is(err, errStopped) {
		t.Errorf("got %v, want to hear that it was stopped", err)
	}
}

func TestStopWhileAwaitingDataExitsOK(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out, log logtest.Buffer
	settings := map[string]string{
		"DISCORD_TOKEN": "not-a-token", "REDIS_URL": "redis://127.0.0.1:1/0",
		"DATABASE_URL": "postgres://tester@/d?host=" + url.QueryEscape(t.TempDir()),
	}
	code := run(ctx, environment{
		args: []string{"bot", "--data", t.TempDir()}, stdout: &out, stderr: &log,
		getenv: func(key string) string { return settings[key] },
	})
	if code != exitOK || !strings.Contains(log.String(), "stopped while the database did not answer") {
		t.Errorf("got %d and %q, want %d and why", code, log.String(), exitOK)
	}
}

// servePostgresError refuses every connection with an error, as a PostgreSQL server does that has no such database.
func servePostgresError(t *testing.T, path, code, message string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1024))
			fields := "SFATAL\x00C" + code + "\x00M" + message + "\x00\x00"
			_, _ = io.WriteString(c, "E\x00\x00\x00"+string(rune(4+len(fields)))+fields)
			_ = c.Close()
		}
	}()
}
