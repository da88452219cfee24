package bot_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// TestDeliveredResultIsNotRenderedAgain delivers the pictures of a job that is in the queue once more.
func TestDeliveredResultIsNotRenderedAgain(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(h *cluster){
		"its message can be edited": func(*cluster) {},
		"its message can be neither edited nor deleted": func(h *cluster) {
			h.refuseEdits()
			h.refuseRequests("DELETE", "^/(channels|webhooks)/", 50001)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.sandbox.Rules().Allow("forbidden")
			h.startBot()
			h.waitReady()
			i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
			h.waitText(i, "#1 in the queue")
			refuse(h)
			e := h.job(i)
			d := queue.Undelivered{
				Job: e.ID, Address: e.Address, Files: []queue.Attachment{{Name: "a.png", Bytes: []byte("picture")}},
			}
			if err := h.queue.PutUndelivered(h.ctx, d); err != nil {
				t.Fatal(err)
			}
			h.waitDone(i)
			h.pollUntil("the results to be acknowledged", func() bool { return !must(h.queue.IsUndelivered(h.ctx, e.ID)) })
			h.startRenderer()
			h.pollUntil("the queue to be empty", func() bool {
				s, err := h.queue.Snapshot(h.ctx)
				return err == nil && len(s.Jobs) == 0
			})
			if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 || len(h.renderer.specs()) != 0 {
				t.Errorf("messages with pictures: got %d, want 1; paintings: got %d, want none", n, len(h.renderer.specs()))
			}
		})
	}
}

// TestDeliveredResultIsNotRenderedInANewEpoch delivers the pictures of a job that waits in a new epoch for the renderer
// that had it before. That renderer never comes.
func TestDeliveredResultIsNotRenderedInANewEpoch(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("forbidden")
	h.newQueueWith(queue.Options{ReclaimGrace: time.Second})
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	h.waitText(i, "#1 in the queue")
	h.lease(i, "gone")
	h.pollUntil("the lease to be noted", func() bool { return h.job(i).State == store.Running })
	h.refuseEdits()
	h.refuseRequests("DELETE", "^/(channels|webhooks)/", 50001)
	if err := h.queue.BeginEpoch(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	h.pollUntil("the job to wait in the new epoch", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 1 && h.job(i).Epoch == 8
	})
	h.putUndelivered(h.job(i))
	h.waitDone(i)
	h.pollUntil("the results to be acknowledged", func() bool { return !must(h.queue.IsUndelivered(h.ctx, h.job(i).ID)) })
	h.startRenderer()
	h.pollUntil("the queue to be empty", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 0
	})
	if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 || len(h.renderer.specs()) != 0 {
		t.Errorf("messages with pictures: got %d, want 1; rendered %d times, want never", n, len(h.renderer.specs()))
	}
}

// TestLostUndeliveredResultIsReoffered has a renderer say that it left undelivered results, which are gone.
func TestLostUndeliveredResultIsReoffered(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "#1 in the queue")
	lease := h.lease(i, "slot")
	if v, err := h.queue.Seal(h.ctx, lease); err != nil || v != queue.OK {
		t.Fatalf("seal: got %v, %v", v, err)
	}
	if v, err := h.queue.Done(h.ctx, lease, 1000, queue.Outcome{Delivered: rest.DeliveredLater}); err != nil ||
		v != queue.OK {
		t.Fatalf("done: got %v, %v", v, err)
	}
	h.pollUntil("the queue to be empty", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 0
	})
	// Once the lease is noted. A lease that is noted after the clock moved would make the job look busy for long.
	h.pollUntil("the lease to be noted", func() bool { return h.job(i).State != store.Waiting })
	if e := h.job(i); e.State == store.Done {
		t.Fatal("ended at once, want it asked after first")
	}
	h.clock.advance(16 * time.Minute)
	h.waitFor("the offer to show them", func() bool {
		now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
		return strings.Contains(now.Text(), "too late")
	})
}

// TestDeletedLatePostIsNotPostedAgain loses the answers to a late post, and its owner deletes the message meanwhile.
func TestDeletedLatePostIsNotPostedAgain(t *testing.T) {
	t.Parallel()
	h := startEndsCluster(t)
	h.startRenderer()
	h.refuseEdits()
	repair := h.sandbox.Fail(sandbox.Fault{
		Method: http.MethodPost, Path: regexp.MustCompile(`^/channels/\d+/messages$`), Times: -1, Drop: true,
	})
	i := h.imagineLate()
	me, here := h.defaults.Member.ID, h.defaults.Channel.ID
	m, err := h.sandbox.WaitMessage(h.ctx, me, here, func(m sandbox.Message) bool { return len(m.Files) == 4 })
	if err != nil {
		t.Fatal(err)
	}
	if err := h.sandbox.DeleteMessage(h.defaults.Moderator.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	repair()
	if e := h.waitDone(i); !strings.Contains(string(e.Outcome), `"removed"`) {
		t.Errorf("outcome: got %s, want removed", e.Outcome)
	}
	if n := h.countPictureMessages(here) + h.countPictureMessages(must(h.sandbox.DM(me)).ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none: they were deleted", n)
	}
}
