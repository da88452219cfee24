package bot_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/queue/worker"
)

// recordEvents records what the queue says and said about jobs.
func (h *cluster) recordEvents() (events func() []string) {
	var mu sync.Mutex
	var all []string
	ctx, stop := context.WithCancel(h.ctx)
	h.t.Cleanup(stop)
	go func() {
		_ = h.queue.Watch(ctx, "0-0", func(e queue.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if e.Job != "" && e.Kind != queue.JobProgress {
				all = append(all, fmt.Sprint(e.Kind, " ", e.Job))
			}
			return nil
		})
	}()
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// failAt has Discord answer 500 to whatever concerns the message of an interaction.
func (h *cluster) failAt(i sandbox.Interaction, channel string) (repair func()) {
	place := regexp.QuoteMeta(i.Token) + `/messages|^/channels/` + channel + `/messages`
	return h.sandbox.Fail(sandbox.Fault{
		Path: regexp.MustCompile(place), Times: -1, Status: http.StatusInternalServerError,
	})
}

// TestStuckPlaceHoldsUpNobody has one place answer 500, as archived threads do now and then: the result waits apart,
// and the renderer goes on.
func TestStuckPlaceHoldsUpNobody(t *testing.T) {
	t.Parallel()
	h := startEndsCluster(t)
	h.startRenderer()
	events, release := h.recordEvents(), h.renderer.pause()
	stuck := h.commandAs(h.defaults.Member.ID, h.defaults.Thread.ID, "imagine", sandbox.With("prompt", "a red boat"))
	own := h.waitText(stuck, "Generating")
	other := h.command("imagine", sandbox.With("prompt", "a blue star"))
	h.waitText(other, "in the queue")
	repair := h.failAt(stuck, h.defaults.Thread.ID)
	release()
	h.waitPictures(other, 4)
	first, second := stuck.ID+"-0", other.ID+"-0"
	var seen []string
	h.pollUntil("the events to be recorded", func() bool {
		seen = events()
		return slices.Contains(seen, "done "+first) && slices.Contains(seen, "leased "+second)
	})
	done, leased := slices.Index(seen, "done "+first), slices.Index(seen, "leased "+second)
	if done < 0 || leased < done {
		t.Errorf("events: got %q, want the stuck job done before the other one is leased", seen)
	}
	if h.job(stuck).State.Terminal() {
		t.Errorf("the stuck job: got %s, want it not ended", h.job(stuck).State)
	}
	repair()
	h.pollUntil("the stuck job to end", func() bool {
		h.clock.advance(100 * time.Millisecond)
		return h.job(stuck).State.Terminal()
	})
	m, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, own.ID)
	if len(m.Files) != 4 || h.countPictureMessages(h.defaults.Thread.ID) != 1 {
		t.Errorf("the stuck job's message: got %s, want its pictures there alone", describe(m))
	}
	var leases []string
	for _, e := range events() {
		if e == "leased "+first {
			leases = append(leases, e)
		}
	}
	if n := len(h.renderer.specs()); n != 2 || len(leases) != 1 {
		t.Errorf("rendered: got %d with %d leases of the stuck job, want 2 with 1", n, len(leases))
	}
}

// TestStuckPlaceHoldsUpNoOtherEnd has the ends of jobs that failed or were late go on beside some that nothing takes.
func TestStuckPlaceHoldsUpNoOtherEnd(t *testing.T) {
	t.Parallel()
	h := startEndsCluster(t)
	var jobs []sandbox.Interaction
	for range 4 {
		jobs = append(jobs, h.imagineQueued(sandbox.With("prompt", "a red boat")))
	}
	for _, i := range jobs[:3] {
		message := must(h.sandbox.WaitReply(h.ctx, i.ID, nil)).ID
		place := regexp.QuoteMeta(i.Token) + `/messages|/messages/` + message + `$`
		h.sandbox.Fail(sandbox.Fault{Path: regexp.MustCompile(place), Times: -1, HTML: true, Status: http.StatusForbidden})
	}
	failing := failingRenderer{worker.Final("the model is out of paint", nil)}
	stop := h.startRendererWith(failing)
	h.waitText(jobs[3], "out of paint")
	for _, i := range jobs {
		h.pollUntil("the job to fail", func() bool { return h.job(i).State.Terminal() })
	}
	stop()
	h.clock.advance(time.Hour) // the bot makes all offers that are due, and the stuck ones are the oldest
	i := h.imagineQueued(sandbox.With("prompt", "a blue star"))
	h.refuseRequests(http.MethodPatch, `/messages/(@original|`+h.job(i).Message+`)$`, 50083)
	h.startRendererWith(failing)
	h.pollUntil("the job to fail", func() bool { return h.job(i).State.Terminal() })
	h.clock.advance(time.Minute)
	if place := h.waitEnd(i, h.job(i).Message, "out of paint"); place != "channel" {
		t.Errorf("seen in %q, want the channel", place)
	}
}
