package sim

import (
	"context"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/wire"
	"darkroom/render/encode"
	"darkroom/store"
)

// workload is a cluster with users who ask for pictures.
type workload struct {
	*cluster
	rng      *rand.Rand // of the users
	defaults sandbox.Defaults
	users    []sandbox.User
	db       *store.Store // reads what the bots write

	mu           sync.Mutex
	channels     []string        // one of each server
	interactions []string        // that may have made a job
	deleted      map[string]bool // messages and channels that users deleted
	forbidden    map[string]bool // channels in which the bot once had no permissions
	secrets      []string        // the prompts of private requests
	published    map[string]bool // those that others may see
	followUps    sync.WaitGroup
}

// newWorkload adds servers with one channel each to a cluster, and this number of users for each server.
func newWorkload(cl *cluster, servers, each int) *workload {
	cl.t.Helper()
	w := &workload{
		cluster:   cl,
		rng:       rand.New(rand.NewPCG(cl.seed, 3)),
		defaults:  cl.Defaults(),
		deleted:   map[string]bool{},
		forbidden: map[string]bool{},
		published: map[string]bool{},
	}
	for range servers {
		c, err := cl.AddChannel(cl.AddGuild("server").ID, "pictures")
		if err != nil {
			cl.t.Fatal(err)
		}
		w.channels = append(w.channels, c.ID)
	}
	for range servers * each {
		w.users = append(w.users, cl.AddUser("user", false))
	}
	var err error
	if w.db, err = store.Open(context.Background(), "sqlite:"+cl.dbPath, store.Options{}); err != nil {
		cl.t.Fatal(err)
	}
	cl.t.Cleanup(func() { _ = w.db.Close() })
	w.wantPings()
	return w
}

// sleepExp sleeps for an exponentially distributed time with this mean, as between independent events.
func sleepExp(rng *rand.Rand, mean time.Duration) { time.Sleep(drawExp(rng, mean)) }

// drawExp draws an exponentially distributed duration of at most eight times the mean.
func drawExp(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(float64(mean) * math.Min(rng.ExpFloat64(), 8))
}

// run has users make this number of requests, with this mean time between them.
func (w *workload) run(requests int, every time.Duration) {
	for range requests {
		sleepExp(w.rng, every)
		for !w.Gateway.Online() && w.rng.IntN(5) > 0 { // users rarely ask while the bot is offline
			sleepExp(w.rng, 10*time.Second)
		}
		w.askOnce()
	}
}

// askOnce has a random user run /imagine, and perhaps do something with it later.
func (w *workload) askOnce() {
	n := w.rng.IntN(len(w.users))
	user := w.users[n].ID
	w.mu.Lock()
	channel := w.channels[n*len(w.channels)/len(w.users)]
	w.mu.Unlock()
	prompt, private := "a red boat", w.rng.IntN(5) == 0
	if w.rng.IntN(20) == 0 {
		channel, private = w.dmChannel(user), false
	}
	if private {
		prompt = w.secret()
	}
	options := []sandbox.Option{
		sandbox.With("prompt", prompt+w.shelves.drawTags(w.rng)), sandbox.With("private", private),
		sandbox.With("steps", 2+w.rng.IntN(20)), sandbox.With("count", 1+w.rng.IntN(4)),
	}
	options = append(options, w.drawOptions()...)
	choice, after := w.rng.IntN(100), drawExp(w.rng, 15*time.Second)
	w.askAndFollowUp(user, channel, choice, after, func() (sandbox.Interaction, error) {
		i, err := w.Command(user, channel, "imagine", options...)
		if private && err == nil {
			w.afterPrivate(user, i.ID, prompt, int(after.Milliseconds()%100))
		}
		return i, err
	})
}

// drawOptions draws the options that few people use: start images with and without a mask, and a second pass.
func (w *workload) drawOptions() (options []sandbox.Option) {
	if w.rng.IntN(8) == 0 {
		options = append(options, sandbox.WithFile("init_image", "start.png", onePixelPNG))
		if w.rng.IntN(3) > 0 {
			options = append(options, sandbox.WithFile("mask", "mask.png", halfMask))
		}
		if modes := []string{"", "crop", "fill", "stretch"}; w.rng.IntN(2) == 0 {
			options = append(options, sandbox.With("fit", modes[1+w.rng.IntN(3)]))
		}
	}
	if w.rng.IntN(15) == 0 {
		options = append(options, sandbox.With("hires", 1.5))
	}
	return options
}

// halfMask marks the left half of an image.
var halfMask = func() []byte {
	img := image.NewGray(image.Rect(0, 0, 2, 1))
	img.Pix[0] = 255
	data, err := encode.PNG(img, "")
	if err != nil {
		panic("internal error: " + err.Error())
	}
	return data
}()

// dmChannel returns a user's DM channel with the bot.
func (w *workload) dmChannel(user string) string {
	c, err := w.DM(user)
	if err != nil {
		w.t.Error(err)
	}
	return c.ID
}

// askAndFollowUp asks. After a while the user cancels, deletes or asks for more, as choice (0 to 99) says.
func (w *workload) askAndFollowUp(
	user, channel string, choice int, after time.Duration, ask func() (sandbox.Interaction, error),
) {
	i, err := ask()
	if err != nil {
		return // the channel, the message or the button does not exist any more
	}
	w.log.Info("a user asks", "job", i.ID+"-0", "choice", choice)
	w.mu.Lock()
	w.interactions = append(w.interactions, i.ID)
	w.mu.Unlock()
	if choice >= 22 {
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
		case choice >= 20:
			w.remix(user, channel, i.ID)
		default:
			w.click(user, channel, i.ID, button.Vary)
		}
	})
}

// click presses a button of a response as soon as it is there. It gives up after ten minutes.
func (w *workload) click(user, channel, interaction string, verb button.Verb) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var id string
	m, err := w.WaitReply(ctx, interaction, func(m sandbox.Message) bool { id = customID(m, verb); return id != "" })
	if err != nil {
		return
	}
	w.askAndFollowUp(user, channel, 99, 0, func() (sandbox.Interaction, error) {
		clicked, err := w.Click(user, m.ID, id)
		if err == nil && verb != button.Cancel {
			w.followUps.Go(func() { w.fillRemix(user, clicked) })
		}
		return clicked, err
	})
}

// remix sends the form of the button Remix with other words. It gives up after ten minutes, or when a fault swallows
// the form.
func (w *workload) remix(user, channel, interaction string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var id string
	m, err := w.WaitReply(ctx, interaction, func(m sandbox.Message) bool {
		id = customID(m, button.Remix)
		return id != ""
	})
	if err != nil {
		return
	}
	opened, err := w.Click(user, m.ID, id)
	if err != nil {
		return
	}
	if opened, err = w.WaitAnswer(ctx, opened.ID); err != nil || opened.Form == nil {
		return
	}
	w.askAndFollowUp(user, channel, 99, 0, func() (sandbox.Interaction, error) {
		return w.Submit(user, opened.ID, map[string]string{"prompt": "a blue boat"})
	})
}

// delete has a moderator delete a response.
func (w *workload) delete(interaction string) {
	i, _ := w.FindInteraction(interaction)
	if i.Original == "" || w.DeleteMessage(w.defaults.Moderator.ID, i.Original) != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deleted[i.Original] = true
}

// customID returns the custom_id of an enabled button with this verb; "" if the message has none.
func customID(m sandbox.Message, verb button.Verb) string {
	found := ""
	wire.Walk(m.Components, "", func(_ string, c *sandbox.Component) {
		id, err := button.Parse(c.CustomID)
		if err == nil && id.Verb == verb && !c.Disabled && found == "" {
			found = c.CustomID
		}
	})
	return found
}

// waitSettled waits until all acknowledged jobs have ended, and until the bot has edited their messages. The test fails
// if that takes longer than within.
func (w *workload) waitSettled(within time.Duration) {
	w.t.Helper()
	w.followUps.Wait()
	ctx := context.Background()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Second) {
		open, err := w.db.Unqueued(ctx, math.MaxInt64, math.MaxInt32)
		if err != nil {
			w.t.Fatal(err)
		}
		unacknowledged, err := w.db.Unacknowledged(ctx, 0, math.MaxInt32)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(open)+len(unacknowledged) == 0 {
			break
		}
		if time.Now().After(end) {
			w.t.Errorf("seed %d: %d jobs have not ended after %v, and %d were never acknowledged: %s",
				w.seed, len(open), within, len(unacknowledged), describeJobs(append(open, unacknowledged...)))
			w.log.Error("jobs have not ended", "redis", fmt.Sprint(w.redis.copy()))
			break
		}
	}
	time.Sleep(settleTime)
}

// settleTime is how long messages may still change after all jobs have ended.
const settleTime = 3 * time.Minute

// openInboxes has users open their inboxes, which must hold the pictures that nobody could post.
func (w *workload) openInboxes() {
	for n, user := range w.users {
		ctx := context.Background()
		all, err := w.db.InboxOf(ctx, user.ID, time.Now().Add(time.Hour))
		if err != nil {
			w.t.Fatal(err)
		}
		withPictures := slices.ContainsFunc(all, func(d store.Delivery) bool {
			e, err := w.db.Find(ctx, d.Job)
			return err == nil && e.State == store.Done
		})
		if withPictures {
			w.openInbox(user.ID, w.channels[n*len(w.channels)/len(w.users)])
		}
	}
}

// openInbox opens one user's inbox and shows its first result.
func (w *workload) openInbox(user, channel string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	i, err := w.Command(user, channel, "inbox")
	if err != nil {
		w.t.Fatal(err)
	}
	m, err := w.WaitReply(ctx, i.ID, func(m sandbox.Message) bool { return customID(m, button.Show) != "" })
	if err != nil {
		w.t.Errorf("seed %d: the inbox of %s is empty: %v", w.seed, user, err)
		return
	}
	shown, err := w.Click(user, m.ID, customID(m, button.Show))
	if err != nil {
		w.t.Fatal(err)
	}
	m, err = w.WaitReply(ctx, shown.ID, func(m sandbox.Message) bool { return customID(m, button.Remix) != "" })
	if err != nil {
		w.t.Errorf("seed %d: the inbox of %s does not show its pictures: %q, %v", w.seed, user, m.Text(), err)
	}
}

// describeJobs lists the first few jobs.
func describeJobs(jobs []store.Job) string {
	var all []string
	for _, e := range jobs[:min(len(jobs), 5)] {
		all = append(all, e.ID+" "+string(e.State))
	}
	return strings.Join(all, ", ")
}
