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

// life is a town in which people ask for pictures and things go wrong.
type life struct {
	*town
	dice     *rand.Rand // of the people
	home     sandbox.Home
	people   []sandbox.User
	observer *store.Store // reads what the bots write

	mu      sync.Mutex
	places  []string        // channels
	asked   []string        // interactions that may have made a job
	deleted map[string]bool // messages and channels that people deleted
	shut    map[string]bool // channels in which the bot was forbidden something at any time
	errands sync.WaitGroup
}

// newLife opens a town with servers of one channel each, and as many people for each server.
func newLife(w *town, servers, each int) *life {
	w.t.Helper()
	l := &life{town: w, dice: rand.New(rand.NewPCG(w.seed, 3)), home: w.Home(), deleted: map[string]bool{}, shut: map[string]bool{}}
	for range servers {
		c, err := w.AddChannel(w.AddGuild("server").ID, "pictures")
		if err != nil {
			w.t.Fatal(err)
		}
		l.places = append(l.places, c.ID)
	}
	for range servers * each {
		l.people = append(l.people, w.AddUser("person", false))
	}
	var err error
	if l.observer, err = store.Open(context.Background(), "sqlite:"+w.ledger, store.Options{}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = l.observer.Close() })
	return l
}

// pause waits for a time whose mean is given, as between independent events.
func pause(dice *rand.Rand, mean time.Duration) { time.Sleep(exp(dice, mean)) }

func exp(dice *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(float64(mean) * math.Min(dice.ExpFloat64(), 8))
}

// live has people ask for about so many pictures, one each so often.
func (l *life) live(wishes int, every time.Duration) {
	for range wishes {
		pause(l.dice, every)
		for !l.Gateway.Online() && l.dice.IntN(5) > 0 { // who sees that the bot is offline rarely asks
			pause(l.dice, 10*time.Second)
		}
		l.wish()
	}
}

// wish is one person asking once, and what that person does about it later.
func (l *life) wish() {
	who := l.dice.IntN(len(l.people))
	l.mu.Lock()
	place := l.places[who*len(l.places)/len(l.people)]
	l.mu.Unlock()
	if l.dice.IntN(20) == 0 {
		place = l.direct(l.people[who].ID)
	}
	options := []sandbox.Option{
		sandbox.With("prompt", "a red boat"), sandbox.With("steps", 2+l.dice.IntN(20)), sandbox.With("count", 1+l.dice.IntN(4)),
	}
	if l.dice.IntN(12) == 0 {
		options = append(options, sandbox.WithFile("init_image", "start.png", speck))
	}
	l.then(l.people[who].ID, place, l.dice.IntN(100), exp(l.dice, 15*time.Second), func(user, place string) (sandbox.Interaction, error) {
		return l.Command(user, place, "imagine", options...)
	})
}

// direct is somebody's conversation with the bot.
func (l *life) direct(user string) string {
	c, err := l.DM(user)
	if err != nil {
		l.t.Error(err)
	}
	return c.ID
}

// then asks, and after a while cancels, deletes, or asks for more.
func (l *life) then(user, place string, mood int, after time.Duration, ask func(user, place string) (sandbox.Interaction, error)) {
	i, err := ask(user, place)
	if err != nil {
		return // the channel, the message or the button has gone
	}
	l.log.Info("somebody asks", "job", i.ID+"-0", "mood", mood)
	l.mu.Lock()
	l.asked = append(l.asked, i.ID)
	l.mu.Unlock()
	if mood >= 20 {
		return
	}
	l.errands.Go(func() {
		time.Sleep(after)
		switch {
		case mood < 8:
			l.click(user, place, i.ID, button.Cancel)
		case mood < 12:
			l.delete(i.ID)
		case mood < 17:
			l.click(user, place, i.ID, button.Reroll)
		default:
			l.click(user, place, i.ID, button.Vary)
		}
	})
}

// click presses a button of an answer, once it is there; not for ever.
func (l *life) click(user, place, interaction string, verb button.Verb) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var id string
	m, err := l.WaitReply(ctx, interaction, func(m sandbox.Message) bool { id = customID(m, verb); return id != "" })
	if err != nil {
		return
	}
	l.then(user, place, 99, 0, func(user, _ string) (sandbox.Interaction, error) { return l.Click(user, m.ID, id) })
}

// delete has a moderator delete an answer.
func (l *life) delete(interaction string) {
	i, _ := l.Asked(interaction)
	if i.Original == "" || l.DeleteMessage(l.home.Moderator.ID, i.Original) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deleted[i.Original] = true
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

// settle waits until everything that was promised has ended, and until the last words about it are spoken.
func (l *life) settle(within time.Duration) {
	l.t.Helper()
	l.errands.Wait()
	ctx := context.Background()
	for end := time.Now().Add(within); ; time.Sleep(5 * time.Second) {
		open, err := l.observer.Owed(ctx, math.MaxInt64, math.MaxInt32)
		if err != nil {
			l.t.Fatal(err)
		}
		young, err := l.observer.Unacknowledged(ctx, 0, math.MaxInt32)
		if err != nil {
			l.t.Fatal(err)
		}
		if len(open)+len(young) == 0 {
			break
		}
		if time.Now().After(end) {
			l.t.Errorf("seed %d: %d jobs have not ended after %v, and %d were never acknowledged: %s", l.seed, len(open), within, len(young), list(append(open, young...)))
			l.log.Error("what Redis holds", "keys", fmt.Sprint(l.redis.copy()))
			break
		}
	}
	time.Sleep(lastWords)
}

// lastWords is how long messages may still change after everything has ended.
const lastWords = 3 * time.Minute

// unwrap has people look into their inboxes: what could be posted nowhere can be had there.
func (l *life) unwrap() {
	for n, who := range l.people {
		ctx := context.Background()
		all, err := l.observer.InboxOf(ctx, who.ID, time.Now().Add(time.Hour))
		if err != nil {
			l.t.Fatal(err)
		}
		if len(all) > 0 {
			l.open(who.ID, l.places[n*len(l.places)/len(l.people)])
		}
	}
}

// open looks into one person's inbox and has the first thing in it shown.
func (l *life) open(user, place string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	i, err := l.Command(user, place, "inbox")
	if err != nil {
		l.t.Fatal(err)
	}
	m, err := l.WaitReply(ctx, i.ID, func(m sandbox.Message) bool { return customID(m, button.Show) != "" })
	if err != nil {
		l.t.Errorf("seed %d: the inbox of %s shows nothing: %v", l.seed, user, err)
		return
	}
	shown, err := l.Click(user, m.ID, customID(m, button.Show))
	if err != nil {
		l.t.Fatal(err)
	}
	if m, err = l.WaitReply(ctx, shown.ID, func(m sandbox.Message) bool { return customID(m, button.Remix) != "" }); err != nil {
		l.t.Errorf("seed %d: pictures in the inbox of %s cannot be had: %q, %v", l.seed, user, m.Content, err)
	}
}

// list shows the first few of some jobs.
func list(jobs []store.Entry) string {
	var all []string
	for _, e := range jobs[:min(len(jobs), 5)] {
		all = append(all, e.ID+" "+string(e.State))
	}
	return strings.Join(all, ", ")
}
