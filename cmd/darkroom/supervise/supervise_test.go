package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/render/filehash"
	"darkroom/render/logtest"
)

// scripted is a supervisor whose processes are shell scripts: the last one is used again and again.
func scripted(t *testing.T, log io.Writer, scripts ...string) (s *Supervisor, starts *atomic.Int32) {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("needs a shell")
	}
	starts = new(atomic.Int32)
	s = New(Options{StopTimeout: 5 * time.Second, Log: slog.New(slog.NewTextHandler(log, nil)),
		Command: func() (*exec.Cmd, error) {
			n := int(starts.Add(1))
			cmd := exec.Command("sh", "-c", scripts[min(n, len(scripts))-1])
			cmd.Stderr = log
			return cmd, nil
		},
		Died:      func(context.Context) error { return nil },
		Blameless: func(context.Context) error { return nil },
	})
	return s, starts
}

const obedient = `echo '{"opened":{"device":"cpu"}}'; echo '{"ready":true}'; read word; test "$word" = stop`

func TestSupervisorStopsInOrder(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	s, _ := scripted(t, &log, obedient)
	deaths := 0
	s.Died = func(context.Context) error { deaths++; return nil }
	s.Start(t.Context())
	if r, err := s.WaitOpened(t.Context()); err != nil || r.Device != "cpu" {
		t.Errorf("got %+v, %v, want what was reported", r, err)
	}
	s.Stop()
	if s.err != nil || deaths != 0 || strings.Contains(log.String(), "died") {
		t.Errorf("got %v and %d deaths, want none: %s", s.err, deaths, log.String())
	}
}

func TestSupervisorStartsAnotherProcess(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	s, _ := scripted(
		t, &log, `echo '{"ready":true}'; kill -9 $$`, `echo a library speaks; echo '{"fault":"it hangs"}'; exit 1`, obedient,
	)
	dead := make(chan bool, 8)
	s.Died = func(context.Context) error { dead <- true; return errors.New("no queue") }
	s.Start(t.Context())
	defer s.Stop()
	if _, err := s.WaitOpened(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	if n := strings.Count(text, "level=ERROR"); n != 2 || len(dead) != 2 {
		t.Errorf("got %d lines and the queue told %d times, want 2 and 2: %s", n, len(dead), text)
	}
	for _, want := range []string{`error="signal: killed"`, `error="it hangs"`, `queue="no queue"`, "a library speaks\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("want %s in %s", want, text)
		}
	}
	pauses := regexp.MustCompile(`pause=(\d+ms)`).FindAllStringSubmatch(text, -1)
	for i, middle := range []time.Duration{minRestartPause, 2 * minRestartPause} {
		if len(pauses) != 2 {
			t.Fatalf("want two pauses in %s", text)
		}
		if got, err := time.ParseDuration(pauses[i][1]); err != nil || got < middle*3/4 || got > middle*5/4 {
			t.Errorf("pause %d: got %v, %v, want %v give or take a quarter", i+1, got, err, middle)
		}
	}
}

// TestSupervisorBlamesAFile: a process that dies of a file that was cut short releases its jobs, and only then.
func TestSupervisorBlamesAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	report, err := json.Marshal(Report{Ready: true, Reads: []filehash.File{{Path: path, Stamp: filehash.StampOf(info)}}})
	if err != nil {
		t.Fatal(err)
	}
	var log logtest.Buffer
	reads := "echo '" + string(report) + "'; "
	s, _ := scripted(t, &log, reads+"kill -9 $$", reads+": >'"+path+"'; kill -9 $$", obedient)
	told := make(chan string, 8)
	s.Died = func(context.Context) error { told <- "died"; return nil }
	s.Blameless = func(context.Context) error { told <- "blameless"; return nil }
	s.Start(t.Context())
	defer s.Stop()
	if _, err := s.WaitOpened(t.Context()); err != nil {
		t.Fatal(err)
	}
	if first, second := <-told, <-told; first != "died" || second != "blameless" {
		t.Errorf("told %q and %q, want a death and then one of the file", first, second)
	}
	if text := log.String(); strings.Count(text, "file="+path) != 1 {
		t.Errorf("want the file named once: %s", text)
	}
}

func TestSupervisorGivesUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script, want string
		starts       int32
	}{
		"what it reports cannot pass": {`echo '{"fault":"no model here"}'; exit 1`, "no model here", 1},
		"it always dies before it is ready": {
			`kill -9 $$`, "died 3 times before it was ready: signal: killed", maxEarlyDeaths,
		},
		"it always ends": {`exit 0`, "ended although nobody stopped it", maxEarlyDeaths},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logtest.Buffer
			s, starts := scripted(t, &log, c.script)
			s.Start(t.Context())
			_, err := s.WaitOpened(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.want) || starts.Load() != c.starts {
				t.Errorf("got %v after %d starts, want %q after %d", err, starts.Load(), c.want, c.starts)
			}
			if err := s.Run(t.Context()); err == nil {
				t.Error("run: got nil, want the error again")
			}
		})
	}
}

func TestSupervisorKillsWhatDoesNotStop(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	s, _ := scripted(t, &log, `echo '{"opened":{}}'; exec sleep 600`)
	s.StopTimeout = 50 * time.Millisecond
	dead := false
	s.Died = func(context.Context) error { dead = true; return nil }
	s.Start(t.Context())
	if _, err := s.WaitOpened(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if s.err != nil || !dead || !strings.Contains(log.String(), "did not stop in order") {
		t.Errorf("got %v and the queue told: %v, want it killed, told and logged: %s", s.err, dead, log.String())
	}
}

func TestSupervisedProcessObeys(t *testing.T) {
	t.Parallel()
	in, out := io.Pipe()
	stopped, dead := make(chan bool, 1), make(chan bool, 1)
	go Obey(in, func() { stopped <- true }, func() { dead <- true })
	if _, err := io.WriteString(out, "noise\n"+stopWord); err != nil {
		t.Fatal(err)
	}
	<-stopped
	if len(dead) > 0 {
		t.Error("it dies while its supervisor lives")
	}
	out.Close()
	<-dead
}
