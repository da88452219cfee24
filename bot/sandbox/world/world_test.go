package world_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// fixture is a world with a guild, a channel and two users, and no bot.
type fixture struct {
	*world.World
	mod, member wire.User
	guild       wire.Guild
	channel     wire.Channel
	mu          sync.Mutex
	at          time.Time
	events      []world.Event
}

func (p *fixture) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at
}

func (p *fixture) advance(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = p.at.Add(d)
}

func newFixture(t *testing.T, dir string) *fixture {
	t.Helper()
	p := &fixture{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	record := func(e world.Event) { p.events = append(p.events, e) }
	w, err := world.New(world.Options{DataDir: dir, Now: p.now, OnEvent: record})
	if err != nil {
		t.Fatal(err)
	}
	p.World = w
	p.mod, p.member, p.guild = w.AddUser("mod", true), w.AddUser("member", false), w.AddGuild("guild")
	p.channel, err = w.AddChannel(p.guild.ID, "pictures")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return p
}

func (p *fixture) register(t *testing.T, c ...wire.Command) {
	t.Helper()
	if _, err := p.Overwrite("", c); err != nil {
		t.Fatal(err)
	}
}

func TestCommandIsCheckedAsAClientWould(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	p.register(t, wire.Command{Name: "imagine", Description: "x", Options: []wire.CommandOption{
		{Type: wire.StringOption, Name: "prompt", Description: "x", Required: true},
		{Type: wire.IntegerOption, Name: "count", Description: "x", MinValue: new(float64(1)), MaxValue: new(float64(4))},
		{Type: wire.StringOption, Name: "shape", Description: "x", Choices: []wire.Choice{{Name: "Square", Value: "1:1"}}},
		{Type: wire.BooleanOption, Name: "spoiler", Description: "x"},
		{Type: wire.UserOption, Name: "who", Description: "x"},
		{Type: wire.AttachmentOption, Name: "init", Description: "x"},
	}}, wire.Command{Name: "limits", Description: "x", Options: []wire.CommandOption{
		{Type: wire.SubCommand, Name: "show", Description: "x"}}})
	prompt := world.With("prompt", "x")
	large := world.WithFile("init", "a.png", make([]byte, world.DefaultFileLimit+1))
	all := []world.Option{prompt, world.With("count", 4), world.With("shape", "1:1"), world.With("spoiler", true),
		world.With("who", p.mod.ID), world.WithFile("init", "a.png", []byte("x"))}
	for name, tc := range map[string]struct {
		command string
		options []world.Option
		fault   string // part of the error, "" when it passes
	}{
		"all options":          {"imagine", all, ""},
		"a subcommand":         {"limits show", nil, ""},
		"required is missing":  {"imagine", nil, "required"},
		"too large a number":   {"imagine", []world.Option{prompt, world.With("count", 5)}, "at most 4"},
		"half a picture":       {"imagine", []world.Option{prompt, world.With("count", 1.5)}, "whole number"},
		"text for a number":    {"imagine", []world.Option{prompt, world.With("count", "4")}, "text does not fit"},
		"not among choices":    {"imagine", []world.Option{prompt, world.With("shape", "9:1")}, "not one of the choices"},
		"an unknown option":    {"imagine", []world.Option{prompt, world.With("colour", "red")}, `no option "colour"`},
		"7,000 characters":     {"imagine", []world.Option{world.With("prompt", strings.Repeat("x", 7000))}, "too long"},
		"a file that is large": {"imagine", []world.Option{prompt, large}, "file too large"},
		"no subcommand":        {"limits", nil, "subcommand"},
		"no such command":      {"paint", nil, "not available"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Command(p.member.ID, p.channel.ID, tc.command, tc.options...)
			if tc.fault == "" && err != nil || tc.fault != "" && (err == nil || !strings.Contains(err.Error(), tc.fault)) {
				t.Errorf("got %v, want %q", err, tc.fault)
			}
		})
	}
}

func TestCommandsFor(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	manage := "32"
	p.register(t, wire.Command{Name: "all", Description: "x"},
		wire.Command{Name: "mods", Description: "x", MemberPermissions: &manage},
		wire.Command{Name: "guilds", Description: "x", Contexts: []int{0}},
		wire.Command{Name: "adult", Description: "x", NSFW: true})
	dm, err := p.DM(p.member.ID)
	if err != nil {
		t.Fatal(err)
	}
	available := func(user, channel string) string {
		list, err := p.CommandsFor(user, channel)
		if err != nil {
			return err.Error()
		}
		var names []string
		for _, c := range list {
			names = append(names, c.Name)
		}
		return strings.Join(names, " ")
	}
	for _, tc := range []struct{ who, where, want string }{
		{p.member.ID, p.channel.ID, "all guilds"},
		{p.mod.ID, p.channel.ID, "all guilds mods"},
		{p.member.ID, dm.ID, "all mods"},
		{p.mod.ID, dm.ID, "404 (10003): Unknown Channel"},
	} {
		if got := available(tc.who, tc.where); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
	p.SetAgeRestricted(p.channel.ID, true)
	if got := available(p.member.ID, p.channel.ID); got != "adult all guilds" {
		t.Errorf("in an age-restricted channel: got %q, want adult too", got)
	}
}

func TestInteractionPayload(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	p.register(t, wire.Command{Name: "go", Description: "x"})
	thread, err := p.AddThread(p.channel.ID, "thread")
	if err != nil {
		t.Fatal(err)
	}
	dm, err := p.DM(p.member.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := func(channel string) *wire.Interaction {
		if _, err := p.Command(p.member.ID, channel, "go"); err != nil {
			t.Fatal(err)
		}
		return p.events[len(p.events)-1].Data.(*wire.Interaction)
	}
	in := last(thread.ID)
	if in.Member == nil || in.User != nil || in.GuildID != p.guild.ID || in.Channel.ParentID != p.channel.ID ||
		in.Context != 0 || in.FileLimit != world.DefaultFileLimit {
		t.Errorf("in a thread: got %+v, want a member, the guild and the parent channel", in)
	}
	in = last(dm.ID)
	if in.Member != nil || in.User == nil || in.GuildID != "" || in.Context != 1 {
		t.Errorf("in a DM: got %+v, want a user and no guild", in)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	p.SetBase("http://cdn")
	m, err := p.PostMessage(p.channel.ID, &wire.Draft{Files: []wire.Upload{{Name: "a b/ü.png", Data: []byte("data")}}})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(m.Attachments[0].URL)
	if err != nil || m.Attachments[0].Filename != "a_b.png" {
		t.Fatalf("got %q, %v; want a plain file name", m.Attachments[0].Filename, err)
	}
	if data, _, err := p.File(u.EscapedPath(), u.Query()); err != nil || string(data) != "data" {
		t.Errorf("got %q, %v; want the file", data, err)
	}
	forged := u.Query()
	forged.Set("ex", "ffffffff")
	if _, _, err := p.File(u.EscapedPath(), forged); err == nil {
		t.Error("a forged link works")
	}
	p.advance(25 * time.Hour)
	if _, _, err := p.File(u.EscapedPath(), u.Query()); err == nil {
		t.Error("a link still works after 25 hours, want a day")
	}
	again, err := p.ReadMessage(p.channel.ID, m.ID)
	if err != nil {
		t.Fatal(err)
	}
	u, _ = url.Parse(again.Attachments[0].URL)
	if _, _, err := p.File(u.EscapedPath(), u.Query()); err != nil {
		t.Errorf("reading the message again: got %v, want a fresh link", err)
	}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := newFixture(t, dir)
	p.register(t, wire.Command{Name: "go", Description: "x"})
	m, err := p.PostMessage(p.channel.ID, &wire.Draft{Files: []wire.Upload{{Name: "a.png", Data: []byte("data")}}})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := p.Command(p.member.ID, p.channel.ID, "go")
	if err != nil {
		t.Fatal(err)
	}
	token := p.Token()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	w, err := world.New(world.Options{DataDir: dir, Now: p.now})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	list := w.VisibleMessages(p.member.ID, p.channel.ID)
	if len(list) != 1 || list[0].ID != m.ID || w.Token() != token {
		t.Fatalf("got %+v, want the message and the token from before the restart", list)
	}
	if data, err := w.Download(list[0].Attachments[0].ID); err != nil || string(data) != "data" {
		t.Errorf("got %q, %v; want the file from before the restart", data, err)
	}
	if _, err := w.Answer(asked.ID, asked.Token, wire.Callback{Type: wire.CallbackDefer}, nil); err != nil {
		t.Errorf("response to an interaction from before the restart: got %v, want nil", err)
	}
	if next := w.AddUser("new", false); len(next.ID) < len(m.ID) || next.ID <= m.ID {
		t.Errorf("got id %s after %s, want a greater one", next.ID, m.ID)
	}
}

func TestDamagedState(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte(`{"app":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := world.New(world.Options{DataDir: dir}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v, want an error that says the file is damaged", err)
	}
}

func TestChannelDeletedBeforeEdit(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	p.register(t, wire.Command{Name: "go", Description: "x"})
	i, err := p.Command(p.member.ID, p.channel.ID, "go")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Answer(i.ID, i.Token, wire.Callback{Type: wire.CallbackDefer}, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.DeleteChannel(p.channel.ID); err != nil {
		t.Fatal(err)
	}
	_, err = p.EditByToken(p.AppID(), i.Token, world.Original, &wire.Draft{})
	if err == nil || !strings.Contains(err.Error(), "10008") {
		t.Errorf("got %v, want 10008", err)
	}
}

// TestPublicAnswerHidesItsPrivateSource clicks a button of an ephemeral message. Nobody reads that message above the
// public answer, and the bot's gateway event does not hold it either.
func TestPublicAnswerHidesItsPrivateSource(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	p.register(t, wire.Command{Name: "go", Description: "x"})
	respond := func(i world.Interaction, data string) {
		t.Helper()
		cb := wire.Callback{Type: wire.CallbackMessage, Data: []byte(data)}
		if _, err := p.Answer(i.ID, i.Token, cb, nil); err != nil {
			t.Fatal(err)
		}
	}
	const button = `"components":[{"type":1,"components":[{"type":2,"style":1,"label":"x","custom_id":"x"}]}]`
	i, err := p.Command(p.member.ID, p.channel.ID, "go")
	if err != nil {
		t.Fatal(err)
	}
	respond(i, `{"content":"a secret","flags":64,`+button+`}`)
	hint := p.VisibleMessages(p.member.ID, p.channel.ID)[0]
	for flags, hidden := range map[string]bool{"0": true, "64": false} {
		click, err := p.Click(p.member.ID, hint.ID, "x")
		if err != nil {
			t.Fatal(err)
		}
		respond(click, `{"content":"an answer","flags":`+flags+`}`)
		all := p.VisibleMessages(p.member.ID, p.channel.ID)
		got := all[len(all)-1]
		if got.Reference == nil || got.Reference.MessageID != hint.ID || (got.Referenced == nil) != hidden ||
			got.HiddenSource != hidden {
			t.Errorf("flags %s: got %+v, want a reply whose source is hidden: %v", flags, got, hidden)
		}
	}
	for _, m := range p.VisibleMessages(p.mod.ID, p.channel.ID) {
		if m.Referenced != nil {
			t.Errorf("another user reads %q", m.Referenced.Content)
		}
	}
	for _, e := range p.events {
		if m, ok := e.Data.(wire.Message); ok && m.Referenced != nil {
			t.Errorf("the gateway sends %q above %q", m.Referenced.Content, m.Content)
		}
	}
}

func TestChangesSince(t *testing.T) {
	t.Parallel()
	p := newFixture(t, "")
	from := p.LatestChange()
	if _, err := p.Say(p.member.ID, p.channel.ID, "hello"); err != nil {
		t.Fatal(err)
	}
	list, next, whole := p.ChangesSince(p.mod.ID, from)
	if len(list) != 1 || list[0].Kind != "MESSAGE_CREATE" || !whole || next != from+1 {
		t.Errorf("got %+v, %d, %v; want one MESSAGE_CREATE", list, next, whole)
	}
	if _, _, whole := p.ChangesSince(p.mod.ID, 3); whole {
		t.Error("got changes since a number of another run, want none")
	}
}
