package sim

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// workload is a town in which people ask for pictures and things go wrong.
type workload struct {
	*cluster
	rng      *rand.Rand // of the people
	defaults sandbox.Defaults
	people   []sandbox.User
	db       *store.Store // reads what the bots write

	mu           sync.Mutex
	channels     []string        // channels
	interactions []string        // interactions that may have made a job
	deleted      map[string]bool // messages and channels that people deleted
	forbidden    map[string]bool // channels in which the bot was forbidden something at any time
	followUps    sync.WaitGroup
}

// newWorkload opens a town with servers of one channel each, and as many people for each server.
func newWorkload(cl *cluster, servers, each int) *workload {
	cl.t.Helper()
	w := &workload{cluster: cl, rng: rand.New(rand.NewPCG(cl.seed, 3)), defaults: cl.Defaults(), deleted: map[string]bool{}, forbidden: map[string]bool{}}
	for range servers {
		c, err := cl.AddChannel(cl.AddGuild("server").ID, "pictures")
		if err != nil {
			cl.t.Fatal(err)
		}
		w.channels = append(w.channels, c.ID)
	}
	for range servers * each {
		w.people = append(w.people, cl.AddUser("person", false))
	}
	var err error
	if w.db, err = store.Open(context.Background(), "sqlite:"+cl.dbPath, store.Options{}); err != nil {
		cl.t.Fatal(err)
	}
	cl.t.Cleanup(func() { _ = w.db.Close() })
	return w
}

// sleepExp waits for a time whose mean is given, as between independent events.
func sleepExp(rng *rand.Rand, mean time.Duration) { time.Sleep(drawExp(rng, mean)) }

func drawExp(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(float64(mean) * math.Min(rng.ExpFloat64(), 8))
}

// run has people ask for about so many pictures, one each so often.
func (w *workload) run(requests int, every time.Duration) {
	for range requests {
		sleepExp(w.rng, every)
		for !w.Gateway.Online() && w.rng.IntN(5) > 0 { // who sees that the bot is offline rarely asks
			sleepExp(w.rng, 10*time.Second)
		}
		w.askOnce()
	}
}

// askOnce is one person asking once, and what that person does about it later.
func (w *workload) askOnce() {
	who := w.rng.IntN(len(w.people))
	w.mu.Lock()
	channel := w.channels[who*len(w.channels)/len(w.people)]
	w.mu.Unlock()
	if w.rng.IntN(20) == 0 {
		channel = w.dmChannel(w.people[who].ID)
	}
	options := []sandbox.Option{
		sandbox.With("prompt", "a red boat"), sandbox.With("steps", 2+w.rng.IntN(20)), sandbox.With("count", 1+w.rng.IntN(4)),
	}
	if w.rng.IntN(12) == 0 {
		options = append(options, sandbox.WithFile("init_image", "start.png", onePixelPNG))
	}
	w.askAndFollowUp(w.people[who].ID, channel, w.rng.IntN(100), drawExp(w.rng, 15*time.Second), func(user, channel string) (sandbox.Interaction, error) {
		return w.Command(user, channel, "imagine", options...)
	})
}

// dmChannel is somebody's conversation with the bot.
func (w *workload) dmChannel(user string) string {
	c, err := w.DM(user)
	if err != nil {
		w.t.Error(err)
	}
	return c.ID
}

// askAndFollowUp asks, and after a while cancels, deletes, or asks for more.
func (w *workload) askAndFollowUp(user, channel string, choice int, after time.Duration, ask func(user, channel string) (sandbox.Interaction, error)) {
	i, err := ask(user, channel)
	if err != nil {
		return // the channel, the message or the button has gone
	}
	w.log.Info("somebody asks", "job", i.ID+"-0", "mood", choice)
	w.mu.Lock()
	w.interactions = append(w.interactions, i.ID)
	w.mu.Unlock()
	if choice >= 20 {
		return
	}
	w.followUps.Go(func() {
		time.Sleep(after)
		switch {
		case choice < 8:
			w.click(user, channel, i.ID, button.Cancel)
		case choice < 12:
			w.delete(i.ID)
		case choice < 17:
			w.click(user, channel, i.ID, button.Reroll)
		default:
			w.click(user, channel, i.ID, button.Vary)
		}
	})
}

// click presses a button of an answer, once it is there; not for ever.
func (w *workload) click(user, channel, interaction string, verb button.Verb) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var id string
	m, err := w.WaitReply(ctx, interaction, func(m sandbox.Message) bool { id = customID(m, verb); return id != "" })
	if err != nil {
		return
	}
	w.askAndFollowUp(user, channel, 99, 0, func(user, _ string) (sandbox.Interaction, error) { return w.Click(user, m.ID, id) })
}

// delete has a moderator delete an answer.
func (w *workload) delete(interaction string) {
	i, _ := w.FindInteraction(interaction)
	if i.Original == "" || w.DeleteMessage(w.defaults.Moderator.ID, i.Original) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deleted[i.Original] = true
}

// customID finds a button of a message.
func customID(m sandbox.Message, verb button.Verb) string {
	for _, row := range m.Components {
		for _, c := range row.Components {
			if id, err := button.Parse(c.CustomID); err == nil && id.Verb == verb && !c.Disabled {
				return c.CustomID
			}
		}
	}
	return ""
}

// waitSettled waits until everything that was promised has ended, and until the last words about it are spoken.
func (w *workload) waitSettled(within time.Duration) {
	w.t.Helper()
	w.followUps.Wait()
	ctx := context.Background()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Second) {
		open, err := w.db.Unqueued(ctx, math.MaxInt64, math.MaxInt32)
		if err != nil {
			w.t.Fatal(err)
		}
		young, err := w.db.Unacknowledged(ctx, 0, math.MaxInt32)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(open)+len(young) == 0 {
			break
		}
		if time.Now().After(end) {
			w.t.Errorf("seed %d: %d jobs have not ended after %v, and %d were never acknowledged: %s", w.seed, len(open), within, len(young), describeJobs(append(open, young...)))
			w.log.Error("what Redis holds", "keys", fmt.Sprint(w.redis.copy()))
			break
		}
	}
	time.Sleep(settleTime)
}

// settleTime is how long messages may still change after everything has ended.
const settleTime = 3 * time.Minute

// openInboxes has people look into their inboxes: what could be posted nowhere can be had there.
func (w *workload) openInboxes() {
	for n, who := range w.people {
		ctx := context.Background()
		all, err := w.db.InboxOf(ctx, who.ID, time.Now().Add(time.Hour))
		if err != nil {
			w.t.Fatal(err)
		}
		if len(all) > 0 {
			w.openInbox(who.ID, w.channels[n*len(w.channels)/len(w.people)])
		}
	}
}

// openInbox looks into one person's inbox and has the first thing in it shown.
func (w *workload) openInbox(user, channel string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	i, err := w.Command(user, channel, "inbox")
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := w.WaitReply(ctx, i.ID, func(m sandbox.Message) bool { return customID(m, button.Show) != "" })
	if err != nil {
		w.t.Errorf("seed %d: the inbox of %s shows nothing: %v", w.seed, user, err)
		return
	}
	shown, err := w.Click(user, m.ID, customID(m, button.Show))
	if err != nil {
		w.t.Fatal(err)
	}
	if m, err = w.WaitReply(ctx, shown.ID, func(m sandbox.Message) bool { return customID(m, button.Remix) != "" }); err != nil {
		w.t.Errorf("seed %d: pictures in the inbox of %s cannot be had: %q, %v", w.seed, user, m.Content, err)
	}
}

// describeJobs shows the first few of some jobs.
func describeJobs(jobs []store.Job) string {
	var all []string
	for _, e := range jobs[:min(len(jobs), 5)] {
		all = append(all, e.ID+" "+string(e.State))
	}
	return strings.Join(all, ", ")
}
