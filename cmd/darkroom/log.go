package main

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"strings"

	"darkroom/bot/rest"
	"darkroom/config"
)

// newLog makes a log that writes to w as the settings say. Whatever looks like a token is replaced.
func newLog(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo // config has checked it: this is for the zero value
	}
	o := &slog.HandlerOptions{Level: level}
	switch c.Format {
	case "json":
		return slog.New(redactor{slog.NewJSONHandler(w, o)})
	case "plain":
		return slog.New(redactor{newPlainHandler(w)})
	}
	return slog.New(redactor{slog.NewTextHandler(w, o)})
}

// redactor replaces tokens in messages and values. It is a second defence: the code should not log them at all.
type redactor struct{ next slog.Handler }

var _ slog.Handler = redactor{}

// Enabled implements slog.Handler.
func (r redactor) Enabled(ctx context.Context, level slog.Level) bool {
	return r.next.Enabled(ctx, level)
}

// Handle passes a redacted copy on.
func (r redactor) Handle(ctx context.Context, rec slog.Record) error {
	redacted := slog.NewRecord(rec.Time, rec.Level, redact(rec.Message), rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		redacted.AddAttrs(redactAttr(a))
		return true
	})
	return r.next.Handle(ctx, redacted)
}

// WithAttrs redacts attributes that are kept for later records.
func (r redactor) WithAttrs(attrs []slog.Attr) slog.Handler {
	redacted := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		redacted[i] = redactAttr(a)
	}
	return redactor{r.next.WithAttrs(redacted)}
}

// WithGroup implements slog.Handler.
func (r redactor) WithGroup(name string) slog.Handler { return redactor{r.next.WithGroup(name)} }

func redactAttr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindGroup:
		group := v.Group()
		redacted := make([]slog.Attr, len(group))
		for i, inner := range group {
			redacted[i] = redactAttr(inner)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(redacted...)}
	case slog.KindString, slog.KindAny:
		if secretName.MatchString(a.Key) {
			return slog.String(a.Key, hidden)
		}
		return slog.String(a.Key, redact(v.String()))
	default:
		return slog.Attr{Key: a.Key, Value: v}
	}
}

const hidden = "[secret]"

// secretName matches keys whose values are never shown: secrets, and texts that people wrote.
var secretName = regexp.MustCompile(`(?i)^(.*[-_.])?(token|authorization|password|secret|prompt|negative)$`)

// secrets finds secrets in a text by the text around them, which stays.
var secrets = []struct {
	look *regexp.Regexp
	show string
}{
	{regexp.MustCompile(`((?:Bot|Bearer) )[A-Za-z0-9._-]{16,}`), "${1}" + hidden}, // a header
	{regexp.MustCompile(`("token"\s*:\s*")[^"]+`), "${1}" + hidden},               // JSON
	{regexp.MustCompile(`(\w://[^/\s:@"]*:)[^/\s@"]+@`), "${1}" + hidden + "@"},   // a password in an address
}

// redact replaces whatever looks like a secret in a text.
func redact(text string) string {
	for _, s := range secrets {
		text = s.look.ReplaceAllString(text, s.show)
	}
	text = rest.Redact(text)
	return strings.ReplaceAll(text, "://USER:"+hidden+"@", "://USER:PASSWORD@") // how our messages describe an address
}
