package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"darkroom/store"
)

// fullInterval is how often the log says that the disk is full.
const fullInterval = time.Minute

// fullDiskLog is a log for a bot whose disk may be full: then nearly everything that it does fails, again and again.
// All of that is one line a minute, with the path and the bytes that are free.
type fullDiskLog struct {
	next slog.Handler
	disk func() (path string, free int64)
	last *fullDiskLine // shared by all loggers that are made from this one
}

// fullDiskLine is when that line was written last.
type fullDiskLine struct {
	mu sync.Mutex
	at time.Time
}

var _ slog.Handler = fullDiskLog{}

func newFullDiskLog(log *slog.Logger, disk func() (path string, free int64)) *slog.Logger {
	return slog.New(fullDiskLog{log.Handler(), disk, &fullDiskLine{}})
}

// Enabled implements slog.Handler.
func (f fullDiskLog) Enabled(ctx context.Context, level slog.Level) bool {
	return f.next.Enabled(ctx, level)
}

// Handle passes a record on, unless its error is that the disk is full.
func (f fullDiskLog) Handle(ctx context.Context, rec slog.Record) error {
	full := false
	rec.Attrs(func(a slog.Attr) bool {
		full = saysFull(a)
		return !full
	})
	if !full {
		return f.next.Handle(ctx, rec)
	}
	f.last.mu.Lock()
	defer f.last.mu.Unlock()
	if rec.Time.Sub(f.last.at) < fullInterval {
		return nil
	}
	f.last.at = rec.Time
	path, free := f.disk()
	const message = "the disk is full: nothing can be written down until there is room"
	line := slog.NewRecord(rec.Time, slog.LevelError, message, rec.PC)
	line.AddAttrs(slog.String("path", path))
	if free >= 0 {
		line.AddAttrs(slog.Int64("free_bytes", free))
	}
	return f.next.Handle(ctx, line)
}

// saysFull tells whether an attribute is the error of a full disk, or its text.
func saysFull(a slog.Attr) bool {
	if err, ok := a.Value.Any().(error); ok {
		return store.Full(err)
	}
	return a.Key == "error" && store.FullText(a.Value.String())
}

// WithAttrs implements slog.Handler.
func (f fullDiskLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return fullDiskLog{f.next.WithAttrs(attrs), f.disk, f.last}
}

// WithGroup implements slog.Handler.
func (f fullDiskLog) WithGroup(name string) slog.Handler {
	return fullDiskLog{f.next.WithGroup(name), f.disk, f.last}
}
