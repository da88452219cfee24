package bot_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/store"
)

// secret is a prompt that nobody but its owner may see.
const secret = "a secret red boat"

// imaginePrivately asks for private images.
func (h *cluster) imaginePrivately(options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	return h.command("imagine", append(options, sandbox.With("prompt", secret), sandbox.With("private", true))...)
}

// keptSecret fails the test if a message that others could see ever had the secret prompt or the images of a job, in
// any request that Discord accepted.
func (h *cluster) keptSecret(job string) {
	h.t.Helper()
	here := h.defaults.Channel.ID
	for _, r := range h.sandbox.Rules().Requests() {
		var a struct {
			sandbox.Message
			Resource struct {
				Message *sandbox.Message `json:"message"`
			} `json:"resource"`
		}
		if r.Status != 200 || json.Unmarshal(r.Answer, &a) != nil {
			continue
		}
		m := a.Message
		if a.Resource.Message != nil {
			m = *a.Resource.Message
		}
		if m.ChannelID != here || m.Ephemeral() {
			continue
		}
		shows := slices.ContainsFunc(buttons(m.Components), func(id string) bool { return strings.Contains(id, ":"+job+":") })
		if strings.Contains(unescaped(m.Text()), secret) || shows && len(m.Files) > 0 {
			h.t.Errorf("%s %s made %s, which everybody sees", r.Method, r.Path, describe(m))
		}
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	t.Run("all of it is private, and so is what its buttons make", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		me, other, here := h.defaults.Member.ID, h.defaults.Moderator.ID, h.defaults.Channel.ID
		release := h.renderer.pause()
		i := h.imaginePrivately()
		if m := h.waitText(i, "Generating"); m.Viewer != me || !m.Ephemeral() {
			t.Errorf("while it is generated: got %s for %q, want it to be private", describe(m), m.Viewer)
		}
		release()
		grid := h.waitPictures(i, 4)
		job := i.ID + "-0"
		for _, id := range []string{
			"1:reroll:" + job + ":0", "1:vary:" + job + ":2", "1:single:" + job + ":1",
		} {
			made := h.click(me, grid.ID, id)
			m := h.waitAnswer(made, "pictures", func(m sandbox.Message) bool { return len(m.Files) > 0 && !hasCancelButton(m) })
			if !m.Ephemeral() {
				t.Errorf("%s: got %s, want it to be private", id, describe(m))
			}
			h.keptSecret(made.ID + "-0")
		}
		form := h.click(me, grid.ID, "1:remix:"+job+":0")
		h.waitFor("the form", func() bool { f, _ := h.sandbox.FindInteraction(form.ID); return f.Form != nil })
		remix := must(h.sandbox.Submit(me, form.ID, map[string]string{"prompt": secret + " at night"}))
		if m := h.waitPictures(remix, 4); !m.Ephemeral() {
			t.Errorf("remix: got %s, want it to be private", describe(m))
		}
		h.keptSecret(job)
		if seen := h.sandbox.VisibleMessages(other, here); len(seen) > 0 {
			t.Errorf("others see %s, want nothing", describe(seen[0]))
		}
	})
	t.Run("a cancel is private", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		defer h.renderer.pause()()
		i := h.imaginePrivately()
		m := h.waitText(i, "Generating")
		h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		if m := h.waitText(i, "Cancelled"); !m.Ephemeral() {
			t.Errorf("got %s, want it to be private", describe(m))
		}
		h.keptSecret(i.ID + "-0")
	})
	t.Run("in direct messages it means nothing", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		me := h.defaults.Member.ID
		dm := must(h.sandbox.DM(me)).ID
		i := h.commandAs(me, dm, "imagine", sandbox.With("prompt", secret), sandbox.With("private", true))
		if m := h.waitPictures(i, 4); m.Ephemeral() || slices.Contains(buttons(m.Components), "1:share:"+i.ID+"-0:0") {
			t.Errorf("got %s, want a message as any other", describe(m))
		}
	})
	t.Run("only its owner learns that it is there", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		me, other := h.defaults.Member.ID, h.defaults.Moderator.ID
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		public := h.waitPictures(i, 4)
		made := h.imaginePrivately()
		grid := h.waitPictures(made, 4)
		h.pollUntil("both to be done", func() bool {
			return h.job(i).State == store.Done && h.job(made).State == store.Done
		})
		h.waitText(h.commandAs(other, h.defaults.Channel.ID, "show", sandbox.With("image", made.ID+"-0")),
			"These images were shown to one person only.")
		h.waitText(h.command("show", sandbox.With("image", made.ID+"-0")), "The message with these images is gone")
		list := h.waitText(h.more(other, public, "info", i.ID+"-0"), "Prompt")
		if strings.Contains(list.Text(), made.ID) {
			t.Errorf("Info of a public image names a private one: %s", list.Text())
		}
		h.waitText(h.click(me, grid.ID, "1:more:"+made.ID+"-0:0"), "More")
		defer h.renderer.pause()()
		open := h.imaginePrivately()
		h.waitText(open, "Generating")
		cancel := h.commandAs(other, h.defaults.Channel.ID, "cancel", sandbox.With("job", open.ID+"-0"))
		said := h.waitText(cancel, "Cancelled")
		if strings.Contains(unescaped(said.Text()), secret) {
			t.Errorf("a moderator reads %q, want no prompt", said.Text())
		}
	})
}

// failing is a renderer that gives every job up.
var failing = failingRenderer{worker.Final("the model is out of paint", nil)}

// TestPrivateEnds ends private jobs whose messages cannot be edited any more, in every way. None may come into the
// channel: they go into direct messages, or else into the inbox.
func TestPrivateEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*cluster) (sandbox.Interaction, string){
		"late images": func(h *cluster) (sandbox.Interaction, string) {
			i := h.imaginePrivately()
			h.waitText(i, "Waiting")
			h.pollUntil("the job to be in the queue", func() bool { return h.job(i).Epoch > 0 })
			h.clock.advance(16 * time.Minute)
			h.startRenderer()
			return i, "seed"
		},
		"images without room": func(h *cluster) (sandbox.Interaction, string) {
			i := h.imaginePrivately()
			h.waitText(i, "Waiting")
			h.pollUntil("the job to be in the queue", func() bool { return h.job(i).Epoch > 0 })
			h.clock.advance(16 * time.Minute)
			l := h.lease(i, "easel")
			out := queue.Outcome{Delivered: "stranded", Files: []queue.File{{Name: "a.png"}}}
			if _, err := h.queue.Seal(h.ctx, l); err != nil {
				h.t.Fatal(err)
			}
			if _, err := h.queue.Done(h.ctx, l, 5, out); err != nil {
				h.t.Fatal(err)
			}
			return i, "too late"
		},
		"a failure": func(h *cluster) (sandbox.Interaction, string) {
			i := h.imaginePrivately()
			h.waitText(i, "Waiting")
			h.pollUntil("the job to be in the queue", func() bool { return h.job(i).Epoch > 0 })
			h.clock.advance(16 * time.Minute)
			h.startRendererWith(failing)
			h.pollUntil("the store to say failed", func() bool { return h.job(i).State == store.Failed })
			h.clock.advance(31 * time.Second)
			return i, "out of paint"
		},
	} {
		for _, closed := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", direct messages closed"}[closed], func(t *testing.T) {
				t.Parallel()
				h := startEndsCluster(t)
				h.sandbox.CloseDM(h.defaults.Member.ID, closed)
				i, text := end(h)
				own, _ := h.sandbox.FindInteraction(i.ID)
				want := map[bool]string{false: "direct", true: "inbox"}[closed]
				if got := h.waitEnd(i, own.Original, text); got != want {
					t.Errorf("seen in %q, want %q", got, want)
				}
				h.keptSecret(i.ID + "-0")
				says := text
				if text == "seed" {
					says = map[string]string{"direct": "in your direct messages", "inbox": "open it with /inbox"}[want]
				}
				h.click(h.defaults.Member.ID, own.Original, "1:cancel:"+i.ID+"-0:0") // its message waits still
				if m := h.waitText(i, says); hasCancelButton(m) {
					t.Errorf("got %s, want how it ended", describe(m))
				}
				if want != "inbox" {
					return
				}
				list := h.waitText(h.command("inbox"), secret)
				if !list.Ephemeral() {
					t.Errorf("got %s, want the inbox to be private", describe(list))
				}
				if text == "seed" {
					shown := h.waitPictures(h.click(h.defaults.Member.ID, list.ID, "1:show:"+i.ID+"-0:0:inbox"), 4)
					if !shown.Ephemeral() {
						t.Errorf("got %s, want the images to be private", describe(shown))
					}
				}
				h.keptSecret(i.ID + "-0")
			})
		}
	}
	t.Run("an acknowledgement that was never noted", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		lost := &forgetful{}
		h.wrapStore = func(s bot.Store) bot.Store { lost.Store = s; return lost }
		stop := h.startBot()
		h.waitReady()
		lost.off.Store(true)
		i := h.imaginePrivately()
		h.waitText(i, "Waiting")
		stop()
		lost.off.Store(false)
		h.clock.advance(16 * time.Minute)
		h.startBot()
		h.startRenderer()
		own, _ := h.sandbox.FindInteraction(i.ID)
		if got := h.waitEnd(i, own.Original, "seed"); got != "direct" {
			t.Errorf("seen in %q, want direct messages", got)
		}
		h.keptSecret(i.ID + "-0")
	})
}

// TestPrivateImagesAfterALostQueue: the edit that puts late images into a private message arrives and is not answered,
// and the queue is lost. The next renderer gets no token, because the images may be anywhere. The bot still has it, and
// puts them into the same message.
func TestPrivateImagesAfterALostQueue(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.waitReady()
	i := h.imaginePrivately()
	h.waitText(i, "Waiting")
	h.pollUntil("the job to be in the queue", func() bool { return h.job(i).Epoch > 0 })
	h.lease(i, "gone")
	h.pollUntil("the lease to be noted", func() bool { return h.job(i).State == store.Running })
	edits := regexp.MustCompile(`^/webhooks/\d+/[^/]+/messages/@original$`)
	repair := h.sandbox.Fail(sandbox.Fault{Method: http.MethodPatch, Path: edits, Times: -1, Drop: true})
	h.putUndelivered(h.job(i))
	h.waitPictures(i, 1)
	stop()
	repair()
	h.newQueueWith(queue.Options{ReclaimGrace: time.Millisecond})
	h.startBot()
	h.startRenderer()
	h.waitDone(i)
	h.waitPictures(i, 4)
	me := h.defaults.Member.ID
	for _, m := range h.sandbox.VisibleMessages(me, must(h.sandbox.DM(me)).ID) {
		t.Errorf("got %s by direct message too, want none", describe(m))
	}
}

// forgetful is a store that notes no acknowledgement while it is off.
type forgetful struct {
	bot.Store
	off atomic.Bool
}

func (f *forgetful) Acknowledge(ctx context.Context, id, message string) (bool, error) {
	if f.off.Load() {
		return false, context.DeadlineExceeded
	}
	return f.Store.Acknowledge(ctx, id, message)
}

func TestShare(t *testing.T) {
	t.Parallel()
	share := func(i sandbox.Interaction) string { return "1:share:" + i.ID + "-0:0" }
	shared := func(h *cluster) (all []sandbox.Message) {
		for _, m := range h.sandbox.VisibleMessages(h.defaults.Moderator.ID, h.defaults.Channel.ID) {
			if len(m.Files) > 0 {
				all = append(all, m)
			}
		}
		return all
	}
	for _, plain := range []bool{false, true} {
		t.Run(map[bool]string{false: "a card", true: "the older form"}[plain], func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.plain = plain
			h.startBot()
			h.startRenderer()
			h.waitReady()
			me, other := h.defaults.Member.ID, h.defaults.Moderator.ID
			i := h.imaginePrivately(sandbox.With("spoiler", true))
			grid := h.waitPictures(i, 4)
			h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
			h.click(me, grid.ID, share(i))
			h.click(me, grid.ID, share(i)) // at once
			h.waitText(i, "Shared: https://discord.com/channels/"+h.defaults.Guild.ID+"/"+h.defaults.Channel.ID+"/")
			all := shared(h)
			if len(all) != 1 {
				t.Fatalf("got %d public messages with images, want one", len(all))
			}
			public := all[0]
			if len(public.Files) != 4 || len(public.Pings) > 0 || !strings.HasPrefix(public.Files[0].Filename, "SPOILER_") {
				t.Errorf("got %s, pings %v, want four covered files and no ping", describe(public), public.Pings)
			}
			now := h.waitText(i, public.ID)
			if len(now.Files) != 4 || slices.Contains(buttons(now.Components), share(i)) {
				t.Errorf("the private message is %s, want its images without Share", describe(now))
			}
			again := h.waitPictures(h.click(other, public.ID, "1:reroll:"+i.ID+"-0:0"), 4)
			if again.Ephemeral() {
				t.Errorf("what others make of it: got %s, want it to be public", describe(again))
			}
			h.waitPictures(h.commandAs(other, h.defaults.Channel.ID, "show", sandbox.With("image",
				"https://discord.com/channels/"+h.defaults.Guild.ID+"/"+public.ChannelID+"/"+public.ID)), 4)
			h.waitPictures(h.command("show", sandbox.With("image", i.ID+"-0")), 4)
		})
	}
	t.Run("a post that was not answered is not repeated", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		posts := regexp.MustCompile(`^/channels/\d+/messages$`)
		stop := h.sandbox.Fail(sandbox.Fault{Method: http.MethodPost, Path: posts, Times: -1, Drop: true})
		h.waitNoteAfter(h.click(h.defaults.Member.ID, grid.ID, share(i)), "Something went wrong")
		stop()
		h.clock.advance(10 * time.Minute) // Discord has forgotten the nonce
		h.click(h.defaults.Member.ID, grid.ID, share(i))
		h.waitText(i, "Shared: ")
		if n := len(shared(h)); n != 1 {
			t.Errorf("got %d public messages with images, want one", n)
		}
	})
	t.Run("one of several images is shared alone", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		single := h.waitPictures(h.click(h.defaults.Member.ID, grid.ID, "1:single:"+i.ID+"-0:3"), 1)
		h.click(h.defaults.Member.ID, single.ID, "1:share:"+i.ID+"-0:3")
		h.waitFor("the public message", func() bool { return len(shared(h)) == 1 })
		if m := shared(h)[0]; len(m.Files) != 1 || !strings.Contains(m.Files[0].Filename, "-3.png") {
			t.Errorf("got %s, want the third image", describe(m))
		}
		h.click(h.defaults.Member.ID, grid.ID, share(i))
		h.waitText(i, "Shared: ")
		if all := shared(h); len(all) != 2 || len(all[1].Files) != 4 {
			t.Errorf("got %d public messages, want the third image and all four", len(all))
		}
	})
	t.Run("what is for adults is shared in age-restricted channels only", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.announceCard(strings.Replace(card, "{", `{"nsfw":true,`, 1))
		restrict := func(on bool) {
			if err := h.sandbox.SetAgeRestricted(h.defaults.Channel.ID, on); err != nil {
				t.Fatal(err)
			}
		}
		restrict(true)
		h.startBot()
		h.startRenderer()
		h.waitReady()
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		restrict(false)
		h.waitNoteAfter(h.click(h.defaults.Member.ID, grid.ID, share(i)), "in an age-restricted channel only")
		if n := len(shared(h)); n > 0 {
			t.Errorf("got %d public messages with images, want none", n)
		}
		restrict(true)
		h.click(h.defaults.Member.ID, grid.ID, share(i))
		h.waitText(i, "Shared: ")
		if n := len(shared(h)); n != 1 {
			t.Errorf("got %d public messages with images, want one", n)
		}
	})
	t.Run("where the bot may not write it is refused, and can be tried again", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.sandbox.Rules().Allow("forbidden")
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		stop := h.refuseRequests(http.MethodPost, `^/channels/\d+/messages$`, 50013)
		h.waitNoteAfter(h.click(h.defaults.Member.ID, grid.ID, share(i)), "I am not allowed to post in this channel.")
		stop()
		h.click(h.defaults.Member.ID, grid.ID, share(i))
		h.waitText(i, "Shared: ")
	})
	t.Run("a press that is refused does not forget what another one is posting", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.sandbox.Rules().Allow("forbidden")
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		h.refuseRequests(http.MethodPost, `^/channels/\d+/messages$`, 50013)
		_, begun, err := h.db.BeginPost(h.ctx, i.ID+"-0", store.SharePost(0), h.defaults.Channel.ID)
		if err != nil || !begun {
			t.Fatalf("BeginPost = %v, %v", begun, err)
		}
		h.waitNoteAfter(h.click(h.defaults.Member.ID, grid.ID, share(i)), "I am not allowed to post in this channel.")
		if p := must(h.db.Post(h.ctx, i.ID+"-0", store.SharePost(0))); p.State != store.PostSending {
			t.Errorf("got %+v, want it to be noted still", p)
		}
	})
	t.Run("what is too large for all is shared in a smaller form", func(t *testing.T) {
		t.Parallel()
		h := startPadded(t, 300<<10)
		i := h.imaginePrivately(sandbox.With("count", 1))
		grid := h.waitPictures(i, 1)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		h.sandbox.Fail(sandbox.Fault{
			Method: http.MethodPost, Path: regexp.MustCompile(`^/channels/\d+/messages$`), Times: 1,
			Status: http.StatusBadRequest, Code: 50045, Message: "File uploaded exceeds the maximum size",
		})
		h.click(h.defaults.Member.ID, grid.ID, share(i))
		h.waitText(i, "Shared: ")
		if all := shared(h); len(all) != 1 || !strings.HasSuffix(all[0].Files[0].Filename, ".jpg") {
			t.Errorf("got %d public messages, the first %s; want one with a smaller file", len(all), describe(all[0]))
		}
	})
	t.Run("each message has the language of its readers", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.waitText(h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "settings language",
			sandbox.With("language", "de")), "Deutsch")
		h.sandbox.SetLocale(h.defaults.Member.ID, "en-US")
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		h.pollUntil("the end to be written down", func() bool { return h.job(i).State == store.Done })
		h.click(h.defaults.Member.ID, grid.ID, share(i))
		h.waitText(i, "Shared: ")
		if m := shared(h)[0]; !strings.Contains(m.Text(), "KI-generiert") {
			t.Errorf("got %q for all, want German", m.Text())
		}
	})
}

// waitNoteAfter waits for a private follow-up of an interaction that left its message as it is.
func (h *cluster) waitNoteAfter(i sandbox.Interaction, text string) {
	h.t.Helper()
	h.waitNote(i.User, i.Channel, text)
}

// longQueue is a queue in which somebody else's job takes long.
type longQueue struct {
	bot.Queue
	cost atomic.Int64 // its milliseconds; 0 if there is none
	down atomic.Bool  // no renderer is online
}

func (q *longQueue) Snapshot(ctx context.Context) (queue.Snapshot, error) {
	s, err := q.Queue.Snapshot(ctx)
	if ms := q.cost.Load(); err == nil && ms > 0 {
		s = s.WithJobs(queue.Job{ID: "1-0", Lane: "4:" + modelHash, Server: "elsewhere", User: "somebody", Cost: ms})
	}
	return s, err
}

func (q *longQueue) Renderers(ctx context.Context) ([]queue.Renderer, error) {
	if q.down.Load() {
		return nil, nil
	}
	return q.Queue.Renderers(ctx)
}

func TestSlowPrivate(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (*cluster, *longQueue) {
		h, long := newCluster(t, sandbox.Options{}), &longQueue{}
		h.wrapQueue = func(q bot.Queue) bot.Queue { long.Queue = q; return long }
		h.startBot()
		h.waitReady()
		return h, long
	}
	const question = "A private answer is possible for 15 minutes only."
	answer := func(i sandbox.Interaction, with string) string { return "1:private:p" + i.ID + ":0:" + with }
	t.Run("by direct message", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		me := h.defaults.Member.ID
		long.cost.Store((25 * time.Minute).Milliseconds())
		i := h.imaginePrivately(sandbox.With("seed", 5))
		asked := h.waitText(i, "This will take about 25 minutes. "+question)
		if !asked.Ephemeral() {
			t.Errorf("got %s, want it to be private", describe(asked))
		}
		direct := h.click(me, asked.ID, answer(i, "direct"))
		h.waitText(i, "The images come to you by direct message: https://discord.com/channels/@me/")
		dm := must(h.sandbox.DM(me)).ID
		waits := must(h.sandbox.WaitMessage(h.ctx, me, dm, func(m sandbox.Message) bool {
			return strings.Contains(m.Text(), "Waiting")
		}))
		long.cost.Store(0)
		h.clock.advance(20 * time.Minute)
		h.startRenderer()
		m, err := h.sandbox.WaitMessage(h.ctx, me, dm, func(m sandbox.Message) bool { return len(m.Files) == 4 })
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
		if m.ID == waits.ID || !slices.Contains(m.Pings, me) {
			t.Errorf("got %s, want a new message that tells of itself", describe(m))
		}
		if slices.ContainsFunc(buttons(m.Components), func(id string) bool { return strings.HasPrefix(id, "1:share:") }) {
			t.Errorf("got %s, want no Share there", describe(m))
		}
		h.waitFor("the waiting message to go", func() bool {
			_, there := h.sandbox.VisibleMessage(me, waits.ID)
			return !there
		})
		h.waitDone(direct)
		h.keptSecret(direct.ID + "-0")
		h.waitPictures(h.command("show", sandbox.With("image", direct.ID+"-0")), 4)
		h.waitText(h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "show",
			sandbox.With("image", direct.ID+"-0")), "These images were shown to one person only.")
	})
	t.Run("what the first judgement noted is told with the answer", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		me := h.defaults.Member.ID
		long.cost.Store((25 * time.Minute).Milliseconds())
		i := h.command("imagine", sandbox.With("prompt", "a red boat --sref x"), sandbox.With("private", true))
		asked := h.waitText(i, question)
		h.click(me, asked.ID, answer(i, "public"))
		h.waitNote(me, h.defaults.Channel.ID, "was ignored")
	})
	t.Run("a late one goes into the inbox if direct messages were closed meanwhile", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		h.sandbox.Rules().Allow("forbidden")
		me := h.defaults.Member.ID
		long.down.Store(true)
		i := h.imaginePrivately()
		asked := h.waitText(i, "I cannot tell yet how long this will take")
		direct := h.click(me, asked.ID, answer(i, "direct"))
		h.waitText(i, "by direct message: ")
		h.sandbox.CloseDM(me, true)
		long.down.Store(false)
		h.startRenderer()
		h.waitDone(direct)
		h.keptSecret(direct.ID + "-0")
		h.waitText(h.command("inbox"), secret)
	})
	t.Run("closed direct messages ask again, and then it is public", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		h.sandbox.Rules().Allow("forbidden")
		me := h.defaults.Member.ID
		h.sandbox.CloseDM(me, true)
		long.cost.Store((3 * time.Hour).Milliseconds())
		i := h.imaginePrivately()
		asked := h.waitText(i, "This will take about 3 hours. "+question)
		first := h.click(me, asked.ID, answer(i, "direct"))
		h.waitText(i, "you take no direct messages from this server")
		if j := h.job(first); j.State != store.Expired {
			t.Errorf("got a job that is %s, want none", j.State)
		}
		h.startRenderer()
		public := h.click(me, asked.ID, answer(i, "public"))
		h.waitText(i, "Accepted. Its message follows.")
		m, err := h.sandbox.WaitMessage(h.ctx, h.defaults.Moderator.ID, h.defaults.Channel.ID,
			func(m sandbox.Message) bool { return len(m.Files) == 4 })
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
		if !slices.Contains(buttons(m.Components), "1:reroll:"+public.ID+"-0:0") {
			t.Errorf("got %s, want the job of the answer", describe(m))
		}
	})
	t.Run("cancel", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		long.cost.Store((13 * time.Minute).Milliseconds())
		i := h.imaginePrivately()
		asked := h.waitText(i, question)
		h.click(h.defaults.Member.ID, asked.ID, answer(i, "no"))
		h.waitText(i, "Nothing was generated.")
		if open, err := h.db.Unfinished(h.ctx, h.defaults.Member.ID); err != nil || len(open) > 0 {
			t.Errorf("got jobs %v, %v, want none", open, err)
		}
	})
	t.Run("a button of a private result asks too", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		me := h.defaults.Member.ID
		stop := h.startRenderer()
		i := h.imaginePrivately()
		grid := h.waitPictures(i, 4)
		stop()
		long.cost.Store((13 * time.Minute).Milliseconds())
		time.Sleep(20 * time.Millisecond) // the bot looks at the queue again
		h.clock.advance(5 * time.Second)
		up := h.click(me, grid.ID, "1:vary:"+i.ID+"-0:2")
		asked := h.waitText(up, question)
		direct := h.click(me, asked.ID, answer(up, "direct"))
		h.waitText(up, "by direct message: ")
		if j := h.job(direct); j.Parent != i.ID+"-0" || j.Verb != "vary" {
			t.Errorf("got %s of %s, want vary of %s-0", j.Verb, j.Parent, i.ID)
		}
	})
	t.Run("a short one is not asked about", func(t *testing.T) {
		t.Parallel()
		h, long := start(t)
		long.cost.Store((11 * time.Minute).Milliseconds())
		h.startRenderer()
		h.waitPictures(h.imaginePrivately(), 4)
	})
}
