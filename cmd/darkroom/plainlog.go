package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"darkroom/config"
)

// logSettings fills in what the settings leave open. A person who runs `darkroom up` in a terminal gets a few plain
// lines; everything else, such as a service's log, gets each event with its time.
func logSettings(s config.Settings, terminal bool) config.Log {
	l := s.Log
	if l.Format == "" && l.Level == "" && s.Command == "up" && terminal {
		l.Format = "plain"
	}
	if l.Level == "" {
		l.Level = "info"
	}
	if l.Format == "" {
		l.Format = "text"
	}
	return l
}

// sentences are what a person at a terminal needs to hear of the events that are no warnings.
//
//nolint:gochecknoglobals // a constant; Go has no constant maps
var sentences = map[string]string{
	"gateway session is ready": "The bot is online.",
	"ready to generate":        "Ready to generate images",
	"rendering":                "Rendering",
	"stopping":                 "Stopping. A running job may take a moment to end.",
}

// plainHandler writes events for a person: warnings and errors in a line each, of the rest only sentences.
type plainHandler struct {
	mu    *sync.Mutex
	w     io.Writer
	attrs []slog.Attr
}

var _ slog.Handler = plainHandler{}

func newPlainHandler(w io.Writer) plainHandler { return plainHandler{mu: new(sync.Mutex), w: w} }

// Enabled implements slog.Handler.
func (plainHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// Handle writes the event, unless it tells a person nothing.
func (h plainHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := slices.Clip(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	var line string
	switch {
	case r.Level >= slog.LevelError:
		line = "error: " + r.Message + details(attrs)
	case r.Level >= slog.LevelWarn:
		line = "warning: " + r.Message + details(attrs)
	case sentences[r.Message] != "":
		line = sentences[r.Message]
		for _, a := range attrs {
			switch a.Key {
			case "models":
				line += " with " + a.Value.String() + "."
			case "on":
				line += " on " + a.Value.String()
			case "reason":
				line += ": " + a.Value.String() + "."
			}
		}
	default:
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := fmt.Fprintln(h.w, line)
	return err
}

// details are what is known of a warning, the cause at the end.
func details(attrs []slog.Attr) string {
	var known []string
	cause := ""
	for _, a := range attrs {
		if a.Key == "error" {
			cause = ": " + a.Value.String()
			continue
		}
		known = append(known, a.Key+" "+a.Value.String())
	}
	if len(known) == 0 {
		return cause
	}
	return " (" + strings.Join(known, ", ") + ")" + cause
}

// WithAttrs keeps attributes for later events.
func (h plainHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(slices.Clip(h.attrs), attrs...)
	return h
}

// WithGroup implements slog.Handler. A person needs no groups.
func (h plainHandler) WithGroup(string) slog.Handler { return h }
