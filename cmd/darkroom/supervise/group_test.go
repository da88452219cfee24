package supervise

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"darkroom/render/logtest"
)

// scriptedGroup is a group of two devices; the first one's processes run these scripts, the other one's behave.
func scriptedGroup(t *testing.T, log *logtest.Buffer, first ...string) *Group {
	t.Helper()
	a, _ := scripted(t, log, first...)
	b, _ := scripted(t, log, obedient)
	return NewGroup(slog.New(slog.NewTextHandler(log, nil)), Member{"cuda:0", a.Options}, Member{"cuda:1", b.Options})
}

// TestGroupOneDies: a process that is killed is started again, and that of the other device never stops.
func TestGroupOneDies(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	g := scriptedGroup(t, &log, `echo '{"opened":{"slot":"a"},"ready":true}'; kill -9 $$`, obedient)
	died := make(chan bool, 8)
	g.members[0].Died = func(context.Context) error { died <- true; return nil }
	g.members[1].Died = func(context.Context) error { t.Error("the other one died, too"); return nil }
	g.Start(t.Context())
	if _, err := g.WaitOpened(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-died
	g.Stop()
	text := log.String()
	if strings.Count(text, "died and is started again") != 1 || !strings.Contains(text, "device=cuda:0") {
		t.Errorf("got %s, want one death, of cuda:0", text)
	}
}

// TestGroupOneGivesUp: a device that cannot be used leaves the others at work, and the reason is told.
func TestGroupOneGivesUp(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	g := scriptedGroup(t, &log, `echo '{"fault":"CUDA failure 35"}'; exit 1`)
	ctx, cancel := context.WithCancel(t.Context())
	g.Start(ctx)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	if _, err := g.WaitOpened(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-g.members[0].ended
	select {
	case err := <-ended:
		t.Fatalf("the group ended: %v", err)
	default:
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("got %v, want an end in order", err)
	}
	text := log.String()
	if !strings.Contains(text, `a renderer gave up`) || !strings.Contains(text, `error="CUDA failure 35"`) {
		t.Errorf("got %s, want to hear of cuda:0", text)
	}
}

// TestGroupAllGiveUp: when no device is left, the group ends with the reasons of all.
func TestGroupAllGiveUp(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	a, _ := scripted(t, &log, `echo '{"fault":"no driver"}'; exit 1`)
	b, _ := scripted(t, &log, `echo '{"fault":"device cuda:1: no library"}'; exit 1`)
	g := NewGroup(slog.New(slog.DiscardHandler), Member{"cuda:0", a.Options}, Member{"cuda:1", b.Options})
	g.Start(t.Context())
	for range 2 { // both waits tell the same
		if _, err := g.WaitOpened(t.Context()); err == nil || err.Error() != "cuda:0: no driver\ndevice cuda:1: no library" {
			t.Errorf("got %v, want both reasons", err)
		}
		if err := g.Run(t.Context()); err == nil {
			t.Error("got no error")
		}
	}
}

// TestGroupStopsAllAtOnce: no process waits for another one's last image.
func TestGroupStopsAllAtOnce(t *testing.T) {
	t.Parallel()
	var log logtest.Buffer
	a, _ := scripted(t, &log, `echo '{"opened":{}}'; exec sleep 600`)
	b, _ := scripted(t, &log, `echo '{"opened":{}}'; exec sleep 600`)
	a.StopTimeout, b.StopTimeout = 50*time.Millisecond, 50*time.Millisecond
	g := NewGroup(slog.New(slog.DiscardHandler), Member{"cpu", a.Options}, Member{"cpu", b.Options})
	g.Start(t.Context())
	for range 2 {
		if _, err := g.WaitOpened(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	g.Stop()
	if text := log.String(); strings.Count(text, "did not stop in order") != 2 {
		t.Errorf("got %s, want both killed", text)
	}
}
