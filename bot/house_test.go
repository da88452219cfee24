package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/queue"
	"darkroom/queue/work"
	"darkroom/render/picture"
	"darkroom/store"
)

// house is the whole line in one process: the sandbox over loopback, a real ledger in SQLite, an embedded queue, a bench
// with a painter that needs no model, and the bot.
type house struct {
	t      *testing.T
	ctx    context.Context
	box    *sandbox.Sandbox
	home   sandbox.Home
	ledger *store.Store
	line   *queue.Queue
	brush  *brush
	clock  *clock
	log    *logged
	wrap   func(bot.Line) bot.Line // what the bot is given for a line
	pace   bot.Pace

	ledgerFor func(bot.Ledger) bot.Ledger // what the bot is given for a ledger; the real one when nil
}

// modelHash is the content hash of the model that the tests pretend to have.
var modelHash = strings.Repeat("ab", 32)

const card = `{"sizes":[{"width":128,"height":128},{"width":160,"height":112},{"width":96,"height":176}],
	"samplers":["ddim","euler"],"starts":true,"words":{"things":["boat","star"],"colours":["red","blue"]},
	"examples":["a red boat","a blue star","a blue boat"],
	"defaults":{"width":128,"height":128,"steps":8,"guidance":4.5,"sampler":"ddim"}}`

// build builds a house without bot or bench.
func build(t *testing.T, o sandbox.Options) *house {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	h := &house{t: t, ctx: ctx, brush: &brush{}, clock: &clock{}, log: &logged{}, wrap: func(l bot.Line) bot.Line { return l }}
	const often = 20 * time.Millisecond
	h.pace = bot.Pace{Relay: often, Reap: often, Tray: often, Places: often / 2, Offer: often, Expire: often}
	o.Now = h.clock.now
	h.box = sandboxtest.Start(t, o)
	// The documentation says string, and wins over the OpenAPI description, which says integer.
	h.box.Rules().Allow("default_member_permissions")
	h.home = h.box.Home()
	var err error
	if h.ledger, err = store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"), store.Options{Now: h.clock.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.ledger.Close() })
	h.fresh()
	return h
}

// open builds a house with everything running in it.
func open(t *testing.T) *house {
	t.Helper()
	h := build(t, sandbox.Options{})
	h.start()
	h.bench()
	h.ready()
	return h
}

// fresh gives the house an empty queue.
func (h *house) fresh() {
	h.line = queue.Embedded(queue.Options{})
	line := h.line
	h.t.Cleanup(func() { _ = line.Close() })
	h.announce()
}

func (h *house) announce() {
	h.t.Helper()
	spec := picture.Spec{Version: picture.Version, Model: picture.Ref{Hash: modelHash}}
	err := h.line.Announce(h.ctx, queue.Renderer{Slot: "easel", Device: "test", Lanes: picture.Lanes(modelHash), Models: []queue.Model{
		{Name: "postcards", Hash: modelHash, Lane: spec.Lane(), Card: json.RawMessage(card)},
	}}, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
}

// start runs a bot; the returned function stops it as a signal would.
func (h *house) start() (stop func()) {
	h.t.Helper()
	u, err := url.Parse(h.box.URL())
	if err != nil {
		h.t.Fatal(err)
	}
	var ledger bot.Ledger = h.ledger
	if h.ledgerFor != nil {
		ledger = h.ledgerFor(ledger)
	}
	b, err := bot.New(bot.Parts{
		Ledger: ledger, Line: h.wrap(h.line),
		Discord: reply.NewClient(reply.Options{Base: h.box.API(), Token: h.box.Token(), Now: h.clock.now}),
		Options: bot.Options{
			Token: h.box.Token(), Base: h.box.API(), CDN: []string{u.Host}, Now: h.clock.now, Log: slog.New(slog.NewTextHandler(h.log, nil)),
			Pace: h.pace,
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	before := strings.Count(h.log.String(), sessionReady)
	stop = h.live(b.Run)
	h.poll("the gateway", func() bool { return strings.Count(h.log.String(), sessionReady) > before })
	return stop
}

// sessionReady is what the bot logs when it hears interactions. What happens before that is lost, as on Discord.
const sessionReady = "gateway session is ready"

// bench runs a renderer.
func (h *house) bench() (stop func()) { return h.benchWith(h.brush) }

func (h *house) benchWith(p work.Painter) (stop func()) {
	return h.live(work.Bench{
		Queue: h.line, Paint: p,
		Post: reply.NewPoster(reply.NewClient(reply.Options{Base: h.box.API(), Now: h.clock.now}), h.line),
		Options: work.Options{
			Slot: "easel", Lanes: func() []string { return picture.Lanes(modelHash) }, Poll: 20 * time.Millisecond,
			Beat: 50 * time.Millisecond, Grace: 100 * time.Millisecond, Lease: h.line.Lease(),
		},
	}.Run)
}

func (h *house) live(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				h.t.Errorf("run ended with %v, want nil", err)
			}
		})
	}
	h.t.Cleanup(stop)
	return stop
}

// ready waits until the bot's commands are offered and it knows what can be painted.
func (h *house) ready() {
	h.t.Helper()
	h.wait("commands", func() bool {
		cs, err := h.box.CommandsFor(h.home.Moderator.ID, h.home.Channel.ID)
		return err == nil && len(cs) == 4
	})
	h.poll("the offer to be known", func() bool {
		text, err := h.ledger.Meta(h.ctx, "offer")
		return err == nil && text != ""
	})
}

// wait waits for something that the sandbox's changes bring.
func (h *house) wait(what string, ready func() bool) {
	h.t.Helper()
	if err := h.box.Wait(h.ctx, ready); err != nil {
		h.t.Fatalf("waiting for %s: %v\nlog:\n%s", what, err, h.log)
	}
}

// poll waits for something that nobody tells of.
func (h *house) poll(what string, ready func() bool) {
	h.t.Helper()
	for !ready() {
		select {
		case <-h.ctx.Done():
			h.t.Fatalf("waiting for %s: %v\nlog:\n%s", what, h.ctx.Err(), h.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// ask runs a command as a member in the channel and returns the interaction.
func (h *house) ask(name string, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	return h.askAs(h.home.Member.ID, h.home.Channel.ID, name, options...)
}

func (h *house) askAs(user, channel, name string, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	i, err := h.box.Command(user, channel, name, options...)
	if err != nil {
		h.t.Fatalf("/%s: %v", name, err)
	}
	return i
}

func (h *house) click(user, message, customID string) sandbox.Interaction {
	h.t.Helper()
	i, err := h.box.Click(user, message, customID)
	if err != nil {
		h.t.Fatalf("click %s: %v\nmessage: %s", customID, err, h.show(message))
	}
	return i
}

// answer waits for a fitting answer to an interaction.
func (h *house) answer(i sandbox.Interaction, what string, fits func(sandbox.Message) bool) sandbox.Message {
	h.t.Helper()
	m, err := h.box.WaitReply(h.ctx, i.ID, fits)
	if err != nil {
		now, _ := h.box.Asked(i.ID)
		h.t.Fatalf("waiting for %s: %v\nnow: %s\nlog:\n%s", what, err, h.show(now.Original), h.log)
	}
	return m
}

func (h *house) show(message string) string {
	for _, u := range h.box.Users() {
		if m, ok := h.box.MessageSeen(u.ID, message); ok {
			return describe(m)
		}
	}
	return "no message " + message
}

func describe(m sandbox.Message) string {
	text := fmt.Sprintf("%q, %d files, buttons", m.Content, len(m.Attachments))
	for _, id := range buttons(m.Components) {
		text += " " + id
	}
	return text
}

func buttons(cs []sandbox.Component) (ids []string) {
	for _, c := range cs {
		if c.CustomID != "" {
			ids = append(ids, c.CustomID)
		}
		ids = append(ids, buttons(c.Components)...)
	}
	return ids
}

// painted waits for an answer with so many pictures.
func (h *house) painted(i sandbox.Interaction, tiles int) sandbox.Message {
	h.t.Helper()
	return h.answer(i, fmt.Sprintf("%d pictures", tiles), func(m sandbox.Message) bool { return len(m.Attachments) == tiles && !living(m) })
}

// living tells whether a message offers to cancel its job.
func living(m sandbox.Message) bool {
	for _, id := range buttons(m.Components) {
		if strings.HasPrefix(id, "1:cancel:") {
			return true
		}
	}
	return false
}

// says waits for an answer that contains a text.
func (h *house) says(i sandbox.Interaction, text string) sandbox.Message {
	h.t.Helper()
	return h.answer(i, fmt.Sprintf("an answer that says %q", text), func(m sandbox.Message) bool { return strings.Contains(plain(m.Content), text) })
}

// plain takes markdown's backslashes out.
func plain(text string) string { return strings.ReplaceAll(text, `\`, "") }

// note waits for a private message in the channel that contains a text.
func (h *house) note(user, channel, text string) sandbox.Message {
	h.t.Helper()
	m, err := h.box.WaitMessage(h.ctx, user, channel, func(m sandbox.Message) bool { return m.Viewer == user && strings.Contains(plain(m.Content), text) })
	if err != nil {
		var all []string
		for _, m := range h.box.Messages(user, channel) {
			all = append(all, describe(m))
		}
		h.t.Fatalf("waiting for a note that says %q: %v\nmessages:\n%s", text, err, strings.Join(all, "\n"))
	}
	return m
}

// queued asks for pictures and waits until the job is in line. A message may say "waiting" a moment before that.
func (h *house) queued(options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	i := h.ask("imagine", options...)
	h.answer(i, "an answer", nil)
	h.poll("the job to be in line", func() bool { return h.entry(i).Epoch > 0 })
	return i
}

// entry returns the job of an interaction.
func (h *house) entry(i sandbox.Interaction) store.Entry {
	h.t.Helper()
	e, err := h.ledger.Find(h.ctx, i.ID+"-0")
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func (h *house) spec(i sandbox.Interaction) picture.Spec {
	h.t.Helper()
	s, err := picture.Decode(h.entry(i).Spec)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}
