package main

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"darkroom/config"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	bot := "MTA1Njg5" + "NTMxMDAwMDAwMDA.G1a2b3." + "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6" // no real one, in the shape of one
	const webhook, job = "PATCH https://discord.com/api/v10/webhooks/123/", "1056895310000000000-0"
	for text, want := range map[string]string{
		webhook + "aW50ZXJhY3Rpb24/messages/@original: 500": webhook + "[secret]/messages/@original: 500",
		`POST "/interactions/9/tok.en-_/callback"`:          `POST "/interactions/9/[secret]/callback"`,
		"Authorization: Bot abcdefghijklmnopqrstuvwxyz":     "Authorization: Bot [secret]",
		`{"token":"abc","channel":"c"}`:                     `{"token":"[secret]","channel":"c"}`,
		"dial redis://user:pw@host:6379/0: refused":         "dial redis://user:[secret]@host:6379/0: refused",
		"dial redis://:pw@host:6379/0":                      "dial redis://:[secret]@host:6379/0",
		"want postgres://USER:PASSWORD@HOST/NAME, not postgres://u:pw@h/d": "want postgres://USER:PASSWORD@HOST/NAME, " +
			"not postgres://u:[secret]@h/d",
		"login with " + bot + " failed":                    "login with [secret] failed",
		"listening on http://127.0.0.1:8790/":              "listening on http://127.0.0.1:8790/",
		"rendered 4 images at 12:30:01.250 for job " + job: "rendered 4 images at 12:30:01.250 for job " + job,
	} {
		if got := redact(text); got != want {
			t.Errorf("redact(%q)\n got %q\nwant %q", text, got, want)
		}
	}
}

func TestLogHidesSecrets(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"text", "json"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			log := newLog(&b, config.Log{Level: "debug", Format: form})
			url := "https://discord.com/api/webhooks/1/hush/x"
			//nolint:sloglint // a message hides secrets too
			log.With("url", url, "token", "hush").WithGroup("g").Debug("edit "+url,
				"error", errors.New("post "+url), "prompt", "hush", "bot_token", "hush",
				slog.Group("inner", "address", url, "token", "hush"), "secret", config.NewSecret("hush"), "n", 7)
			got := b.String()
			if strings.Contains(got, "hush") || !strings.Contains(got, "webhooks/1/[secret]/x") || !strings.Contains(got, "7") {
				t.Errorf("got %s, want everything but what is secret", got)
			}
		})
	}
	t.Run("a level is obeyed", func(t *testing.T) {
		t.Parallel()
		var b bytes.Buffer
		log := newLog(&b, config.Log{Level: "warn", Format: "text"})
		log.Info("quiet")
		log.Warn("loud")
		if got := b.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") {
			t.Errorf("got %q, want the warning alone", got)
		}
	})
}

func TestLogOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	skipped := logOnce(slog.New(slog.NewTextHandler(&out, nil)))
	for range 3 {
		skipped("lost+found", fs.ErrPermission)
		skipped("old.txt", fs.ErrNotExist)
	}
	if n := strings.Count(out.String(), "a wildcard cannot be read"); n != 2 {
		t.Errorf("logged %d times, want each path once:\n%s", n, out.String())
	}
}
