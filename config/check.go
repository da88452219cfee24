package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// checker adds the secrets to a command's settings, and finds the faults that concern more than one setting.
type checker interface{ check(Sources) []error }

func (s *Settings) checker() checker {
	switch s.Command {
	case "up":
		return &s.Up
	case "bot":
		return &s.Bot
	case "renderer":
		return &s.Renderer
	case "doctor":
		return &s.Doctor
	case "draw":
		return s.Draw.Runtime
	case "models check":
		return s.Models.Check.Runtime
	case "models pull":
		return &s.Models.Pull
	case "queue show":
		return PauseTarget{Data: s.Queue.Show.Data, Redis: s.Queue.Show.Redis}
	case "queue pause":
		return s.Queue.Pause.PauseTarget
	case "queue resume":
		return s.Queue.Resume.PauseTarget
	default:
		return nil
	}
}

func (u *Up) check(src Sources) []error {
	return withoutNil(u.Discord.loadToken(src), u.Discord.API.check(), u.Page.check(), u.Data.check(),
		u.Redis.check(), u.Redis.checkPool(), u.Worker.check(), u.Runtime.checkSlot(u.Worker), u.Leasing.check())
}

func (b *Bot) check(src Sources) []error {
	return withoutNil(b.Discord.loadToken(src), b.Discord.requireToken(), b.Discord.API.check(), b.Data.check(),
		b.Redis.requireURL(), b.Redis.check(), b.Redis.checkPool(), b.Leasing.check())
}

func (r *Renderer) check(Sources) []error {
	return withoutNil(r.API.check(), r.Redis.requireURL(), r.Redis.check(), r.Redis.checkPool(),
		r.Worker.check(), r.Runtime.checkSlot(r.Worker), r.Leasing.check())
}

// check lets only an unreadable secret stop the doctor: it reports all other faults itself, each with its fix.
func (d *Doctor) check(src Sources) []error { return withoutNil(d.Discord.loadToken(src)) }

func (m *ModelsPull) check(src Sources) []error {
	return append(m.Runtime.check(src), withoutNil(m.Hub.loadToken(src), m.Hub.check(), m.checkName())...)
}

// checkName keeps a name below --models, and visible.
func (m *ModelsPull) checkName() error {
	if m.Name != "" && (m.Name[0] == '.' || strings.ContainsAny(m.Name, `/\:`) || len(m.Name) > 200) {
		return fmt.Errorf("--name: %q: want the name of a folder or file, without a path", m.Name)
	}
	return nil
}

func (p PauseTarget) check(Sources) []error {
	return withoutNil(p.Data.check(), p.Redis.check(), p.Redis.checkPool(), p.checkServer())
}

// serverIDPattern matches the id of a Discord server.
var serverIDPattern = regexp.MustCompile(`^[0-9]{1,20}$`)

func (p PauseTarget) checkServer() error {
	if p.Server != "" && p.Server != "dm" && !serverIDPattern.MatchString(p.Server) {
		return fmt.Errorf("--server: %q: want a server's id, or dm for all direct messages", p.Server)
	}
	return nil
}

func withoutNil(errs ...error) []error {
	var out []error
	for _, err := range errs {
		if err != nil {
			out = append(out, err)
		}
	}
	return out
}

// tokenVariable is the environment variable that holds the bot's token.
const tokenVariable = "DISCORD_TOKEN"

// loadToken reads the token, from the environment or from its file.
func (d *Discord) loadToken(src Sources) error {
	text := strings.TrimSpace(src.Getenv(tokenVariable))
	if text == "" && d.TokenFile != "" {
		data, err := src.ReadFile(d.TokenFile)
		if err != nil {
			return fmt.Errorf("read the bot's token: %w", err)
		}
		if text = strings.TrimSpace(string(data)); text == "" {
			return fmt.Errorf("read the bot's token: %s is empty", d.TokenFile)
		}
	}
	d.Token = NewSecret(strings.TrimPrefix(text, "Bot "))
	return nil
}

// hubTokenVariable is the environment variable that holds the token of an account on the hub.
const hubTokenVariable = "HF_TOKEN"

// loadToken reads the token, from the environment or from its file.
func (h *Hub) loadToken(src Sources) error {
	text := strings.TrimSpace(src.Getenv(hubTokenVariable))
	if text == "" && h.TokenFile != "" {
		data, err := src.ReadFile(h.TokenFile)
		if err != nil {
			return fmt.Errorf("read the hub's token: %w", err)
		}
		text = strings.TrimSpace(string(data))
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("the hub's token has characters that no token has") // without the value
	}
	h.Token = NewSecret(text)
	return nil
}

func (h *Hub) check() error {
	u, err := url.Parse(h.Endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		// Without the value, because it may hold a password.
		return errors.New("--hub: want an address like https://hub.example, without a password or a query")
	}
	return nil
}

func (d *Discord) requireToken() error {
	if d.Token.Empty() && d.TokenFile == "" {
		return errors.New("the bot needs its token: set DISCORD_TOKEN or DISCORD_TOKEN_FILE " +
			"(`darkroom up` works without one)")
	}
	return nil
}

func (a API) check() error {
	u, err := url.Parse(a.Base)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return fmt.Errorf("--discord-api: %q is not a web address", a.Base)
	}
	return nil
}

// check allows one device alone: only a renderer starts a process for each.
func (r Runtime) check(Sources) []error {
	if len(r.Device) > 1 {
		return []error{fmt.Errorf("--device %s: want one device; only renderer and up take several", r.Device)}
	}
	return nil
}

// checkSlot says where several devices leave no room in the slots' names.
func (r Runtime) checkSlot(w Worker) error {
	if len(r.Device) > 1 && len(w.Slot) > maxSlot {
		return fmt.Errorf("--slot: %q: want at most %d characters with several devices, each of which adds its name",
			w.Slot, maxSlot)
	}
	return nil
}

// maxSlot leaves room for what several devices add to a slot's name, "-cuda255-2".
const maxSlot = 64 - 10

func (d Data) check() error {
	scheme, rest, found := strings.Cut(d.Database.Text(), ":")
	if found && (rest == "" || scheme != "sqlite" && scheme != "postgres" && scheme != "postgresql") {
		// Without the value, because it may hold a password.
		return errors.New("--database-url: want sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}
	return nil
}

func (r Redis) requireURL() error {
	if r.URL.Empty() {
		return errors.New("a Redis server is needed: set REDIS_URL or --redis-url (only `darkroom up` has its own)")
	}
	return nil
}

func (r Redis) check() error {
	if r.URL.Empty() {
		return nil
	}
	scheme, rest, found := strings.Cut(r.URL.Text(), "://")
	if !found || rest == "" || (scheme != "redis" && scheme != "rediss" && scheme != "unix") {
		// Without the value, because it may hold a password.
		return errors.New("--redis-url: want redis://HOST:PORT/0, rediss:// or unix://")
	}
	return nil
}

// namePattern matches what may be part of a Redis key.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (r Redis) checkPool() error {
	if !namePattern.MatchString(r.Pool) {
		return fmt.Errorf("--pool: %q: want letters, digits, dots, dashes and underscores, at most 64", r.Pool)
	}
	return nil
}

func (w Worker) check() error {
	if w.Slot != "" && !namePattern.MatchString(w.Slot) {
		return fmt.Errorf("--slot: %q: want letters, digits, dots, dashes and underscores, at most 64", w.Slot)
	}
	return nil
}

// check keeps the page on this machine unless its host names are set: anyone who reaches it can write as any user.
func (p Page) check() error {
	host, _, err := net.SplitHostPort(p.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %q: want HOST:PORT", p.Listen)
	}
	if ip := net.ParseIP(host); len(p.Hosts) == 0 && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen: %q can be reached from outside: "+
			"want 127.0.0.1, ::1 or localhost, or set --page-host", p.Listen)
	}
	return nil
}

func (l Leasing) check() error {
	if l.Heartbeat*3 > l.Lease {
		return fmt.Errorf("--heartbeat %v: want at most a third of the lease, %v", l.Heartbeat, l.Lease)
	}
	return nil
}
