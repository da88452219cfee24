//go:build cgo && unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/gateway"
	"darkroom/bot/message"
	"darkroom/bot/outbox"
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/render/logtest"
	"darkroom/store"
)

// keptHost is where the stored Discord answered: addresses of pictures that are still to be fetched name it.
const keptHost = "sandbox.local"

// keptSeed is the seed that a bot on the stored world draws.
const keptSeed = 424242

// keptAway is how long after the moment of saving the bot comes back: the claims and leases of that moment are over,
// its tokens are not.
const keptAway = 2 * time.Minute

// revived is the stored world with a bot in it. Its clock goes on from the moment of saving, so that nothing in the
// world ages with the day on which the test runs.
type revived struct {
	kept
	*sandbox.Sandbox
	t      *testing.T
	ctx    context.Context
	store  *store.Store
	queue  *queue.Queue
	log    logtest.Buffer
	clicks plain // what came of each click, for the golden
}

// revive starts a bot on a database and a Redis server.
func revive(t *testing.T, database, redisAddress string) *revived {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	t.Cleanup(cancel)
	r := &revived{kept: readKept(t), t: t, ctx: ctx, clicks: plain{}}
	begun := time.Now()
	now := func() time.Time { return r.Saved.Add(keptAway + time.Since(begun)) }
	dial := r.discord(now)
	r.store = openKept(t, database, now)
	r.queue = dialKept(t, redisAddress, now)
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: dial}}
	const often = 20 * time.Millisecond
	b, err := bot.New(bot.Parts{
		Store: r.store, Queue: r.queue,
		Discord: rest.NewClient(rest.Options{Base: r.API(), Token: r.Token(), HTTP: client, Now: now}),
		Options: bot.Options{
			Token: r.Token(), Base: r.API(), CDN: []string{keptHost}, HTTP: client, Dial: dial, Now: now, Shared: true,
			Log:       slog.New(slog.NewTextHandler(&r.log, nil)),
			Seed:      func() int64 { return keptSeed },
			Intervals: bot.Intervals{Relay: often, Reap: often, Deliver: often, Positions: often, Catalog: often, Expire: often},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(life) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the bot ended with %v", err)
		}
		client.CloseIdleConnections()
		if t.Failed() {
			t.Logf("log of the bot:\n%s", tail(r.log.String(), 60))
		}
	})
	r.until("a gateway session", r.Gateway.Online)
	return r
}

// discord opens the stored Discord and returns how to reach it.
func (r *revived) discord(now func() time.Time) gateway.Dial {
	dir := r.t.TempDir()
	var files map[string][]byte
	if err := json.Unmarshal(keptFile(r.t, "files.json"), &files); err != nil {
		r.t.Fatal(err)
	}
	err := errors.Join(
		os.Mkdir(filepath.Join(dir, "files"), 0o700),
		os.WriteFile(filepath.Join(dir, "state.json"), keptFile(r.t, "discord.json.gz"), 0o600),
	)
	for name, data := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "files", name), data, 0o600))
	}
	ln, lerr := net.Listen("tcp", "127.0.0.1:0")
	if err = errors.Join(err, lerr); err != nil {
		r.t.Fatal(err)
	}
	r.Sandbox, err = sandbox.New(sandbox.Options{
		DataDir: dir, Listener: ln, Host: keptHost, Now: now, Limits: &sandbox.Limits{},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx, nil) }()
	r.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-served, r.Close()); err != nil {
			r.t.Errorf("close the stored Discord: %v", err)
		}
	})
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", ln.Addr().String())
	}
}

// until waits for something that has no signal of its own.
func (r *revived) until(what string, so func() bool) {
	r.t.Helper()
	for !so() {
		if r.ctx.Err() != nil {
			var said []string
			for _, m := range r.Sandbox.VisibleMessages(r.member(), r.Channel) {
				said = append(said, m.Text())
			}
			r.t.Fatalf("%s: never; the last messages say\n%s", what, strings.Join(said[max(0, len(said)-5):], "\n"))
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// member is whose pictures nearly all are.
func (r *revived) member() string { return r.Users["member"] }

// click presses a button under a stored message.
func (r *revived) click(message, customID string) sandbox.Interaction {
	r.t.Helper()
	i, err := r.Click(r.member(), r.Messages[message], customID)
	if err != nil {
		r.t.Fatalf("click %s on %q: %v", customID, message, err)
	}
	return i
}

func (r *revived) command(name string, options ...sandbox.Option) sandbox.Interaction {
	r.t.Helper()
	i, err := r.Command(r.member(), r.Channel, name, options...)
	if err != nil {
		r.t.Fatalf("/%s: %v", name, err)
	}
	return i
}

// answered waits for an answer that fits.
func (r *revived) answered(i sandbox.Interaction, what string, fits func(sandbox.Message) bool) sandbox.Message {
	r.t.Helper()
	m, err := r.WaitReply(r.ctx, i.ID, fits)
	if err != nil {
		now, _ := r.FindInteraction(i.ID)
		seen, _ := r.VisibleMessage(i.User, now.Original)
		r.t.Fatalf("waiting for %s: %v; the answer says %q", what, err, seen.Text())
	}
	return m
}

// attached returns the one file of an answer.
func (r *revived) attached(i sandbox.Interaction) []byte {
	r.t.Helper()
	m := r.answered(i, "a file", func(m sandbox.Message) bool { return len(m.Files) == 1 })
	return must[[]byte](r.t)(r.Download(m.Files[0].ID))
}

// leads waits until the job that an interaction led to is in line, and keeps it under a name for the golden: what it
// came from and its canonical Spec.
func (r *revived) leads(name string, i sandbox.Interaction, ordinals ...string) {
	r.t.Helper()
	for _, n := range append([]string{"0"}, ordinals...) {
		id := i.ID + "-" + n
		var e store.Job
		r.until(name+" in line", func() (so bool) {
			var err error
			e, err = r.store.Find(r.ctx, id)
			return err == nil && e.State == store.Waiting && e.Epoch > 0 && len(e.PendingInputs) == 0
		})
		to, err := message.DecodeAddress(e.Address)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, sha := range e.Inputs {
			if _, err := r.queue.Input(r.ctx, sha); err != nil {
				r.t.Errorf("%s: input %s is not lent: %v", name, sha, err)
			}
		}
		key := name
		if n != "0" {
			key += " #" + n
		}
		r.clicks[key] = plain{
			"spec": string(e.Spec), "verb": e.Verb, "parent": e.Parent, "tile": to.Tile, "lane": e.Lane, "inputs": e.Inputs,
			"spoiler": e.Spoiler, "weight": e.Weight,
		}
	}
}

func TestStoredWorldGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		database func(t *testing.T) string
		real     bool // a redis-server, not miniredis
	}{
		"SQLite and miniredis":        {func(t *testing.T) string { return keptSQLite(t) }, false},
		"PostgreSQL and redis-server": {func(t *testing.T) string { return keptPostgres(t)(t) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := keptRedis(t, c.real)
			loadRedis(t, address)
			r := revive(t, c.database(t), address)
			r.delivers()
			r.export()
			r.stopped()
			r.presses()
			r.answersQuestions()
			r.opensInbox()
			golden(t, "clicks.golden.json", r.clicks)
			r.cancels()
			r.erases()
			if epoch := must[int64](t)(r.store.CurrentEpoch(r.ctx, "main")); epoch != 2 {
				t.Errorf("epoch: got %d, want the next one: the queue has moved to new keys", epoch)
			}
		})
	}
}

// export asks for all that is kept about a person.
func (r *revived) export() {
	var got struct {
		Format int    `json:"format"`
		User   string `json:"user"`
		Jobs   []struct {
			ID       string          `json:"id"`
			Settings json.RawMessage `json:"settings"`
		} `json:"jobs"`
		Presets []struct {
			Name    string            `json:"name"`
			Options map[string]string `json:"options"`
		} `json:"presets"`
		Painted []json.RawMessage `json:"painted"`
		Asks    []json.RawMessage `json:"open_questions"`
	}
	if err := json.Unmarshal(r.attached(r.command("mydata export")), &got); err != nil {
		r.t.Fatal(err)
	}
	want := must[store.Person](r.t)(r.store.Person(r.ctx, r.member(), 1000))
	if got.Format != 1 || got.User != r.member() ||
		len(got.Jobs) != len(want.Jobs) || len(got.Presets) != len(want.Presets) ||
		len(got.Painted) != len(want.Totals) || len(got.Asks) != len(want.Questions) {
		r.t.Fatalf(
			"export: got %d jobs, %d presets, %d days, %d questions", len(got.Jobs), len(got.Presets), len(got.Painted),
			len(got.Asks),
		)
	}
	for i, j := range got.Jobs {
		var text bytes.Buffer
		err := json.Compact(&text, j.Settings)
		if err != nil || j.ID != want.Jobs[i].ID || unescaped(text.String()) != string(want.Jobs[i].Spec) {
			r.t.Errorf("export of job %s: got %s, want %s", j.ID, text.String(), want.Jobs[i].Spec)
		}
	}
	if o := got.Presets[0].Options; o["words"] != "in oils" || o["sampler"] != "euler" {
		r.t.Errorf("export of a preset: got %v", o)
	}
}

// unescaped takes back what encoding/json does for HTML.
func unescaped(text string) string {
	return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(text)
}

// delivers waits until everything that is owed has been brought.
func (r *revived) delivers() {
	for name, tiles := range map[string]int{"late": 4, "late too": 1, "crashed": 4} {
		job := r.Jobs[name]
		var e store.Job
		r.until(name+" delivered", func() bool {
			e = must[store.Job](r.t)(r.store.Find(r.ctx, job))
			return e.State == store.Done
		})
		if m, ok := r.VisibleMessage(r.member(), e.Message); !ok || len(m.Files) != tiles || resultOf(m) != job {
			r.t.Errorf("%s: got message %q with %d files, want its %d pictures", name, m.Text(), len(m.Files), tiles)
		}
		if in := must[bool](r.t)(r.queue.IsUndelivered(r.ctx, job)); in {
			r.until(name+" taken out of Redis", func() bool {
				in, err := r.queue.IsUndelivered(r.ctx, job)
				return err == nil && !in
			})
		}
	}
	r.until("an owed offer made", func() bool {
		return must[store.Delivery](r.t)(r.store.Delivery(r.ctx, r.Jobs["offer"])).State == store.ReofferMade
	})
	r.until("an end heard that nobody listened to", func() bool {
		e := must[store.Job](r.t)(r.store.Find(r.ctx, r.Jobs["unheard"]))
		return e.State == store.Done && len(e.Outcome) > 0
	})
	r.until("copied start pictures", func() bool {
		for _, name := range []string{"pending", "pending zoom"} {
			if e := must[store.Job](r.t)(r.store.Find(r.ctx, r.Jobs[name])); len(e.PendingInputs) > 0 || e.Epoch == 0 {
				return false
			}
		}
		return true
	})
	for _, name := range []string{"pending", "pending zoom"} {
		r.clicks[name] = plain{"spec": string(must[store.Job](r.t)(r.store.Find(r.ctx, r.Jobs[name])).Spec)}
	}
}

// stopped finds all that is paused still paused.
func (r *revived) stopped() {
	has := map[queue.Scope]string{}
	for _, p := range must[[]queue.Paused](r.t)(r.queue.Pauses(r.ctx)) {
		has[p.Scope] = p.Reason
	}
	for _, p := range must[[]store.Pause](r.t)(r.store.Pauses(r.ctx)) {
		if reason, ok := has[outbox.PauseScope(p)]; !ok || reason != p.Reason {
			r.t.Errorf("pause %+v: got %q, %v", p, reason, ok)
		}
	}
	if len(has) != 4 {
		r.t.Errorf("pauses: got %v, want four", has)
	}
}

// presses clicks every kind of button that makes a job.
func (r *revived) presses() {
	job := r.Jobs["imagine"]
	for name, c := range map[string]struct{ message, id string }{
		"reroll":                       {"imagine", "1:reroll:" + job + ":0"},
		"vary":                         {"imagine", "1:vary:" + job + ":3"},
		"vary subtle":                  {"single", "1:vary:" + job + ":2:subtle"},
		"vary strong":                  {"single", "1:vary:" + job + ":2:strong"},
		"upscale":                      {"single", "1:upscale:" + job + ":2"},
		"zoom 2":                       {"single", "1:zoom:" + job + ":2:2"},
		"zoom 1.5":                     {"single", "1:zoom:" + job + ":2:1-5"},
		"pan left":                     {"single", "1:pan:" + job + ":2:left"},
		"pan right":                    {"single", "1:pan:" + job + ":2:right"},
		"pan up":                       {"single", "1:pan:" + job + ":2:up"},
		"pan down":                     {"single", "1:pan:" + job + ":2:down"},
		"reroll of a vary":             {"vary", "1:reroll:" + r.Jobs["vary"] + ":0"},
		"vary of an upscale":           {"upscale", "1:vary:" + r.Jobs["upscale"] + ":1:subtle"},
		"reroll of a start":            {"start", "1:reroll:" + r.Jobs["start"] + ":0"},
		"reroll of a pan":              {"pan", "1:reroll:" + r.Jobs["pan"] + ":0"},
		"reroll of every option":       {"every option", "1:reroll:" + r.Jobs["every option"] + ":0"},
		"reroll of version 1":          {"v1 plain", "1:reroll:" + r.Jobs["v1 plain"] + ":0"},
		"vary of version 1":            {"v1 plain", "1:vary:" + r.Jobs["v1 plain"] + ":2"},
		"vary of all version 1":        {"v1 full", "1:vary:" + r.Jobs["v1 full"] + ":2"},
		"vary of all version 2":        {"v2 full", "1:vary:" + r.Jobs["v2 full"] + ":3"},
		"reroll of what was cancelled": {"cancelled", "1:reroll:" + r.Jobs["cancelled"] + ":0"},
		"example":                      {"examples", "1:example:1:0"},
		"show of what is stranded":     {"offered", "1:show:" + r.Jobs["offered"] + ":0"},
	} {
		r.leads(name, r.click(c.message, c.id))
	}
	form := r.click("imagine", "1:remix:"+job+":0")
	r.leads("remix", r.submit(form, map[string]string{"prompt": "a green star --steps 5"}))
	r.leads("a preset", r.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("style", "everything")))
	r.leads("another preset", r.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("style", "wide & low")))
	r.clicks["info"] = string(r.attached(r.click("imagine", "1:info:"+job+":0")))
	r.clicks["info of version 2"] = string(r.attached(r.click("v2 full", "1:info:"+r.Jobs["v2 full"]+":0")))
	r.clicks["single"] = shaOf(r.attached(r.click("imagine", "1:single:"+job+":4")))
	asked := r.click("thread", "1:delete:"+r.Jobs["thread"]+":1")
	question, err := r.WaitReply(r.ctx, asked.ID, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	yes := "1:delete:" + r.Jobs["thread"] + ":1:yes-" + r.Messages["thread"]
	if _, err := r.Click(r.member(), question.ID, yes); err != nil {
		r.t.Fatal(err)
	}
	r.until("a deleted message", func() bool {
		_, there := r.VisibleMessage(r.member(), r.Messages["thread"])
		return !there
	})
}

// submit fills in and sends the form that a click opened.
func (r *revived) submit(opened sandbox.Interaction, values map[string]string) sandbox.Interaction {
	r.t.Helper()
	if _, err := r.WaitAnswer(r.ctx, opened.ID); err != nil {
		r.t.Fatal(err)
	}
	i, err := r.Submit(r.member(), opened.ID, values)
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}

// answersQuestions answers what was asked before the world was saved.
func (r *revived) answersQuestions() {
	ask := func(name, answer string) sandbox.Interaction {
		return r.click(name, "1:permute:"+r.Jobs[name]+":0:"+answer)
	}
	r.leads("permuted", ask("ask", "yes"), "1", "2", "3")
	r.leads("permuted remix", ask("ask remix", "yes"), "1", "2", "3")
	r.leads("permuted, in other words", r.submit(ask("ask edit", "edit"), map[string]string{"prompt": "the white star"}))
	ask("ask no", "no")
	for _, name := range []string{"ask", "ask remix", "ask edit", "ask no"} {
		r.until(name+" forgotten", func() bool {
			_, err := r.store.Question(r.ctx, r.Jobs[name])
			return errors.Is(err, store.ErrNotFound)
		})
	}
}

// opensInbox looks at what could be posted nowhere.
func (r *revived) opensInbox() {
	job := r.Jobs["inbox"]
	r.answered(r.command("inbox"), "an inbox with three", func(m sandbox.Message) bool {
		return len(m.Components) > 0 && len(m.Components[0].Components) == 3 && m.Viewer == r.member()
	})
	m := r.answered(r.click("inbox list", "1:show:"+job+":0:inbox"), "kept pictures", func(m sandbox.Message) bool {
		return len(m.Files) == 4
	})
	kept := must[[]store.InboxPicture](r.t)(r.store.InboxPictures(r.ctx, job))
	for i, a := range m.Files {
		if data := must[[]byte](r.t)(r.Download(a.ID)); !bytes.Equal(data, kept[i].Data) || m.Viewer != r.member() {
			r.t.Errorf("picture %d from the inbox is another, or others see it", i+1)
		}
	}
	r.until("it is shown", func() bool {
		return must[store.Delivery](r.t)(r.store.Delivery(r.ctx, job)).State == store.InboxShown
	})
}

// cancels takes a job back that waits.
func (r *revived) cancels() {
	job := r.Jobs["waiting"]
	r.click("waiting", "1:cancel:"+job+":0")
	r.until("it is cancelled", func() bool {
		return must[store.Job](r.t)(r.store.Find(r.ctx, job)).State == store.Cancelled
	})
	for _, j := range must[queue.Snapshot](r.t)(r.queue.Snapshot(r.ctx)).Jobs {
		if j.ID == job && !j.Cancelled { // one that is cancelled stays until a renderer has checked its message
			r.t.Error("the queue has not heard that a job is cancelled")
		}
	}
}

func (r *revived) inLine() (ids []string) {
	for _, j := range must[queue.Snapshot](r.t)(r.queue.Snapshot(r.ctx)).Jobs {
		ids = append(ids, j.ID)
	}
	slices.Sort(ids)
	return ids
}

// erases has all that is kept about a person forgotten.
func (r *revived) erases() {
	r.click("erase", "1:forget:me:0")
	r.until("nothing is kept", func() bool {
		_, err := r.store.Find(r.ctx, r.Jobs["imagine"])
		p := must[store.Person](r.t)(r.store.Person(r.ctx, r.member(), 1000))
		return errors.Is(err, store.ErrNotFound) && len(p.Presets)+len(p.Questions)+len(p.Totals) == 0
	})
}

// TestStoredJobsComeBackAfterAWipe starts a bot on the stored database and an empty Redis.
func TestStoredJobsComeBackAfterAWipe(t *testing.T) {
	t.Parallel()
	k := readKept(t)
	database := keptSQLite(t)
	var want []string
	before := openKept(t, database, k.at)
	for _, e := range must[[]store.Job](t)(before.Unqueued(t.Context(), 1<<40, 1000)) {
		want = append(want, e.ID)
	}
	slices.Sort(want)
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	r := revive(t, database, keptRedis(t, false))
	r.until("all are in line again", func() bool {
		_, empty, err := r.queue.Epoch(r.ctx)
		return err == nil && !empty && len(r.inLine()) >= len(want)
	})
	if got := r.inLine(); !slices.Equal(got, want) {
		t.Errorf("in line:\n got %v\nwant %v", got, want)
	}
	if epoch := must[int64](t)(r.store.CurrentEpoch(r.ctx, "main")); epoch != 2 {
		t.Errorf("epoch: got %d, want the next one", epoch)
	}
	r.stopped()
}
