package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/request"
)

func TestAnnouncement(t *testing.T) {
	t.Parallel()
	r := Announcement("east", "cpu", 2,
		[]Model{{Name: "b", Hash: "bb", Parts: []string{"cc"}}, {Name: "a", Hash: "aa", Load: time.Second}},
		[]request.AddonCard{{Kind: picture.LoRA, Name: "ink", Hash: "dd"}})
	var want []queue.Lane
	for _, l := range picture.Lanes("bb") {
		want = append(want, queue.Lane{Name: l})
	}
	for _, l := range picture.Lanes("aa") {
		want = append(want, queue.Lane{Name: l, Load: time.Second})
	}
	if !slices.Equal(r.Lanes, want) {
		t.Errorf("got %v, want %v", r.Lanes, want)
	}
	if len(r.Models) != 2 || r.Models[0].Name != "b" || r.Models[0].Lane != picture.Lanes("bb")[0] ||
		r.Slot != "east" || r.MaxBatch != 2 {
		t.Errorf("got %+v, want both models, of east", r)
	}
	const card = `{"kind":"lora","name":"ink","hash":"dd"}`
	if len(r.Addons) != 1 || r.Addons[0].Hash != "dd" || string(r.Addons[0].Card) != card {
		t.Errorf("got %+v, want the LoRA", r.Addons)
	}
	if got := r.AddonSet(); !got.Have([]string{"cc", "dd"}) || got.Have([]string{"ee"}) {
		t.Errorf("got %+v, want what comes with a model and the LoRA", got)
	}
}

func TestAnnouncementIsBounded(t *testing.T) {
	t.Parallel()
	many := make([]request.AddonCard, queue.MaxAddons+1)
	if r := Announcement("east", "cpu", 1, nil, many); len(r.Addons) != queue.MaxAddons {
		t.Errorf("announced %d add-ons, want %d", len(r.Addons), queue.MaxAddons)
	}
}

func TestAnnounceAtOnceWhenFilesChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b, changed := &noticeBoard{}, make(chan struct{}, 1)
		done := make(chan bool)
		go func() {
			east := func() queue.Renderer { return queue.Renderer{Slot: "east"} }
			Announce(ctx, b, east, changed, slog.New(slog.DiscardHandler))
			close(done)
		}()
		time.Sleep(time.Second)
		changed <- struct{}{}
		synctest.Wait()
		if b.heard != 2 {
			t.Errorf("announced %d times within a second, want at the start and after the change", b.heard)
		}
		cancel()
		<-done
	})
}

// noticeBoard is a queue that hears announcements, or does not.
type noticeBoard struct {
	err       error
	heard     int
	withdrawn string
}

func (b *noticeBoard) Announce(context.Context, queue.Renderer, time.Duration) error {
	b.heard++
	return b.err
}

func (b *noticeBoard) Withdraw(ctx context.Context, slot string) error {
	b.withdrawn = slot
	return ctx.Err()
}

func TestAnnounceRepeatsAndWithdraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var log strings.Builder
		b := &noticeBoard{err: errors.New("no queue")}
		done := make(chan bool)
		go func() {
			east := func() queue.Renderer { return queue.Renderer{Slot: "east"} }
			Announce(ctx, b, east, nil, slog.New(slog.NewTextHandler(&log, nil)))
			close(done)
		}()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "cannot announce"); b.heard != 4 || n != 1 || b.withdrawn != "" {
			t.Errorf("after 10 s: announced %d times, logged %d times, withdrawn %q; want 4, 1 and not", b.heard, n, b.withdrawn)
		}
		cancel()
		<-done
		if b.heard != 4 || b.withdrawn != "east" {
			t.Errorf("at the end: announced %d times and withdrawn %q, want 4 and east", b.heard, b.withdrawn)
		}
	})
}

func TestDefaultSlot(t *testing.T) {
	t.Parallel()
	if got := DefaultSlot(); !strings.Contains(got, "-") || len(got) > 64 || unsafeInNames.MatchString(got) {
		t.Errorf("got %q, want host and process", got)
	}
}
