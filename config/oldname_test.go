package config

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestOldNames(t *testing.T) {
	t.Parallel()
	s := load(t, sources("line", "pause", "--server", "5", "--reason", "night"))
	p := s.Queue.Pause
	equal(t, "line pause", []any{s.Command, p.Server, p.Reason, p.Redis.Pool, s.Line},
		[]any{"queue pause", "5", "night", "main", Queue{}})
	if len(s.Notices) != 1 || !strings.Contains(s.Notices[0], `now called "darkroom queue"`) {
		t.Errorf("line pause: got notices %q, want one that names the new command", s.Notices)
	}
	_, err := Load(sources("--log-level", "debug", "line", "show", "--redis-url", "http://h"))
	var faults *FaultError
	if !errors.As(err, &faults) || faults.Command != "queue show" {
		t.Errorf("line show with a fault: got %v, want a FaultError of queue show", err)
	}
	for name, src := range map[string]Sources{
		"flag":        sources("up", "--beat", "2s"),
		"environment": sources("up").env("DARKROOM_BEAT", "2s"),
		"file":        sources("up", "--config", "f").file("f", "beat: 2s\n"),
	} {
		s := load(t, src)
		equal(t, "beat from the "+name, []any{s.Up.Leasing.Heartbeat, s.Up.Leasing.Beat, len(s.Notices)},
			[]any{2 * time.Second, time.Duration(0), 1})
	}
	_, err = Load(sources("up", "--beat", "1ms"))
	if err == nil || err.Error() != "--heartbeat: 1ms is not from 100ms to 3m" {
		t.Errorf("a beat that is too short: got %v, want the fault of heartbeat", err)
	}
}

func TestOldNamesAreNotInHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"up", "--help"}, {"bot", "--help"}, {"renderer", "--help"}} {
		var help bytes.Buffer
		src := sources(args...)
		src.Help = &help
		if _, err := Load(src); !errors.Is(err, ErrHelp) {
			t.Fatal(err)
		}
		for _, old := range []string{"  line ", "--beat", "DARKROOM_BEAT"} {
			if strings.Contains(help.String(), old) {
				t.Errorf("%q: the help has the old name %q", args, old)
			}
		}
	}
}
