package main

import (
	"errors"
	"strings"
	"testing"

	"darkroom/config"
)

func TestPlainLog(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := newLog(&out, config.Log{Level: "info", Format: "plain"})
	log.Info("the renderer process started", "pid", 31097)
	log.Info("the queue begins a new epoch", "epoch", 1)
	log.Info("rendering", "on", "cuda:0", "reason", "RTX 3060, with cuda12")
	log.Info("gateway session is ready")
	log.Info("ready to generate", "slot", "vm-31087", "device", "cpu", "models", "postcards, sd15")
	log.With("job", "7-0").Warn("redis does not answer yet", "error", errors.New("dial redis://:hush@host: refused"))
	log.Error("the disk is full", "path", "/data")
	log.Info("stopping")
	want := `Rendering on cuda:0: RTX 3060, with cuda12.
The bot is online.
Ready to generate images with postcards, sd15.
warning: redis does not answer yet (job 7-0): dial redis://:[secret]@host: refused
error: the disk is full (path /data)
Stopping. A running job may take a moment to end.
`
	if got := out.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestLogSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		command  string
		asked    config.Log
		terminal bool
		want     config.Log
	}{
		"up in a terminal":      {"up", config.Log{}, true, config.Log{Level: "info", Format: "plain"}},
		"up as a service":       {"up", config.Log{}, false, config.Log{Level: "info", Format: "text"}},
		"up, with a level":      {"up", config.Log{Level: "debug"}, true, config.Log{Level: "debug", Format: "text"}},
		"up, with a format":     {"up", config.Log{Format: "json"}, true, config.Log{Level: "info", Format: "json"}},
		"the bot in a terminal": {"bot", config.Log{}, true, config.Log{Level: "info", Format: "text"}},
	} {
		if got := logSettings(config.Settings{Command: c.command, Log: c.asked}, c.terminal); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
