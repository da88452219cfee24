package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestFullDiskIsLoggedOnceAMinute(t *testing.T) {
	t.Parallel()
	full := fmt.Errorf("accept: %w", &pgconn.PgError{Code: "53100", Message: "no space left on device"})
	var out bytes.Buffer
	log := newFullDiskLog(newTestLog(&out), func() (string, int64) { return "/data/darkroom.db", 4096 })
	handle := func(after time.Duration, message string, args ...any) {
		r := slog.NewRecord(time.Unix(0, 0).UTC().Add(after), slog.LevelWarn, message, 0)
		r.Add(args...)
		if err := log.Handler().Handle(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	handle(0, "interaction failed", "verb", "imagine", "error", full.Error())
	handle(time.Second, "the queue's events are interrupted", "error", full)
	_ = log.With("part", "relay").Handler().Handle(context.Background(), func() slog.Record {
		r := slog.NewRecord(time.Unix(2, 0).UTC(), slog.LevelWarn, "the queue cannot be filled", 0)
		r.Add("error", "enqueue: database or disk is full (13)")
		return r
	}())
	handle(3*time.Second, "a job failed", "error", errors.New("the model is out of paint"))
	handle(61*time.Second, "interaction failed", "error", full)
	text := out.String()
	if n := strings.Count(text, "the disk is full"); n != 2 {
		t.Errorf("it says so %d times in 61 s, want twice:\n%s", n, text)
	}
	if !strings.Contains(text, "path=/data/darkroom.db free_bytes=4096") || !strings.Contains(text, "out of paint") ||
		strings.Contains(text, "interaction failed") {
		t.Errorf("want the path, the bytes and other errors, and nothing else:\n%s", text)
	}
}

func newTestLog(out *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(out, nil)) }
