package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func sources(args ...string) Sources {
	return Sources{
		Args:     args,
		Getenv:   func(string) string { return "" },
		ReadFile: func(name string) ([]byte, error) { return nil, fmt.Errorf("open %s: %w", name, os.ErrNotExist) },
		Help:     io.Discard,
	}
}

func (s Sources) env(pairs ...string) Sources {
	s.Getenv = func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
	return s
}

func (s Sources) file(name, text string) Sources {
	before := s.ReadFile
	s.ReadFile = func(asked string) ([]byte, error) {
		if asked == name {
			return []byte(text), nil
		}
		return before(asked)
	}
	return s
}

func load(t *testing.T, src Sources) Settings {
	t.Helper()
	s, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := load(t, sources("up"))
	want := Up{
		Data: Data{Dir: "./data"}, Retention: Retention{ForgetAfter: 30 * 24 * time.Hour}, Redis: Redis{Pool: "main"},
		Page: Page{Listen: "127.0.0.1:8790"}, Messages: Messages{Cards: "on"},
		Discord: Discord{API: API{Base: "https://discord.com/api/v10"}},
		Runtime: Runtime{
			Device: Devices{{Kind: "auto"}}, ModelsDir: "./models", Prefer: "auto", Safety: "auto",
			Runtimes: Runtimes{Dir: "./runtimes"},
		},
		Worker: Worker{Showcase: "on"},
		Leasing: Leasing{
			Lease: 30 * time.Second, Heartbeat: 8 * time.Second, Grace: 15 * time.Second, HangTimeout: 2 * time.Minute,
		},
	}
	equal(t, "up", s.Up, want)
	for what, off := range map[string]Sources{
		"flag": sources("up", "--cards", "off"), "variable": sources("up").env("DARKROOM_CARDS", "off"),
		"file": sources("up", "--config", "f.yaml").file("f.yaml", "cards: off\n"),
	} {
		if s := load(t, off); !s.Up.Messages.Plain() || want.Messages.Plain() {
			t.Errorf("cards off by a %s: got %+v, want the older form, and cards without it", what, s.Up.Messages)
		}
	}
	equal(t, "command and log", []any{s.Command, s.Log}, []any{"up", Log{}}) // the command chooses
}

func TestOrderOfSources(t *testing.T) {
	t.Parallel()
	s := load(t, sources("up", "--pool", "flag", "--config", "f.yaml").
		env("DARKROOM_POOL", "env", "DARKROOM_DATA", "/env").
		file("f.yaml", "pool: file\ndata: /file\nmodels: /models\nmodel: [a, b]\nthreads: 3\nlease: 1m\n"))
	got := []any{s.Up.Redis.Pool, s.Up.Data.Dir, s.Up.Runtime.ModelsDir, s.Up.Worker.Models, s.Up.Runtime.Threads,
		s.Up.Leasing.Lease}
	equal(t, "flag, then environment, then file", got,
		[]any{"flag", "/env", "/models", []string{"a", "b"}, 3, time.Minute})
	s = load(t, sources("up").env("DARKROOM_CONFIG", "f.yaml").file("f.yaml", "pool: file\n"))
	equal(t, "a file named by the environment", s.Up.Redis.Pool, "file")
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"renderer": {"renderer", "--redis-url", "redis://h:1"}, "draw": {"draw", "a boat"},
		"prompt":       {"prompt", "a", "--json"},
		"runtime list": {"runtime", "list"}, "runtime pull": {"runtime", "pull", "cpu"},
		"models list": {"models", "list"}, "models check": {"models", "check"},
		"models pull": {"models", "pull", "a/b"}, "doctor": {"doctor"},
		"queue show": {"queue", "show"}, "queue pause": {"queue", "pause", "--server", "5", "--reason", "night"},
		"queue resume": {"queue", "resume", "--model", "m"}, "version": {"version"},
	} {
		equal(t, fmt.Sprint(args), load(t, sources(args...)).Command, want)
	}
	s := load(t, sources("models", "check", "postcards"))
	equal(t, "models check NAME", []any{s.Command, s.Models.Check.Name}, []any{"models check", "postcards"})
	s = load(t, sources("draw", "a <b>", "--size", "160×112", "--seed", "7", "--cfg", "0.5", "--device", "cuda:1"))
	d := s.Draw
	equal(t, "draw", []any{d.Prompt, *d.Size, *d.Seed, *d.Cfg, d.Runtime.Device.String(), d.Steps},
		[]any{"a <b>", Size{160, 112}, int64(7), 0.5, "cuda:1", (*int)(nil)})
}

func TestPageHost(t *testing.T) {
	t.Parallel()
	s := load(t, sources("up", "--listen", "0.0.0.0:8790").env("DARKROOM_PAGE_HOST", "localhost,paint.lan"))
	equal(t, "hosts", s.Up.Page.Hosts, []string{"localhost", "paint.lan"})
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	s := load(t, sources("bot").env("DISCORD_TOKEN", " Bot abc\n", "REDIS_URL", "redis://:pw@h:1"))
	equal(t, "token of the environment", s.Bot.Discord.Token.Text(), "abc")
	s = load(t, sources("up").env("DISCORD_TOKEN_FILE", "t").file("t", "abc\n"))
	equal(t, "token of a file", s.Up.Discord.Token.Text(), "abc")

	s = load(t, sources("models", "pull", "a/b").env("HF_TOKEN", " hf_abc\n"))
	equal(t, "the hub's token of the environment", s.Models.Pull.Hub.Token.Text(), "hf_abc")
	s = load(t, sources("models", "pull", "a/b").env("HF_TOKEN_PATH", "t").file("t", "hf_abc\n"))
	equal(t, "the hub's token of a file", s.Models.Pull.Hub.Token.Text(), "hf_abc")

	secret := NewSecret("hush")
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", secret, "all", Discord{Token: secret})
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", secret, "all", Discord{Token: secret})
	inJSON, err := json.Marshal(Discord{Token: secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		log.String(), string(inJSON), fmt.Sprint(secret),
		fmt.Sprintf("%v %+v %#v %s %q %x", secret, Discord{Token: secret}, secret, secret, secret, secret),
		fmt.Sprintf("%#v", Discord{Token: secret}), fmt.Sprintf("%d", secret),
	} {
		if strings.Contains(text, "hush") || strings.Contains(text, fmt.Sprintf("%x", "hush")) {
			t.Errorf("the secret shows in %s", text)
		}
	}
	equal(t, "an empty secret", fmt.Sprint(NewSecret("")), "")
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		src  Sources
		want []string
	}{
		"all at once, from every source": {
			sources("bot", "--config", "f.yaml").
				env("DARKROOM_LEASE", "long", "DARKROOM_LOG_LEVEL", "loud", "DARKROOM_HEARTBEAT", "9m").
				file("f.yaml", "grace: 1h\nradis-url: x\npool: {a: b}\n"),
			[]string{
				`f.yaml: line 2: there is no setting "radis-url"`,
				`environment variable DARKROOM_LOG_LEVEL: log-level: "loud" is not one of debug, info, warn, error`,
				`f.yaml: line 3: pool: want a plain value`,
				`environment variable DARKROOM_LEASE: lease: expected duration but got "long": time: invalid duration "long"`,
				`--heartbeat: 9m0s is not from 100ms to 3m`,
				`--grace: 1h0m0s is not from 1s to 10m`,
				"the bot needs its token: set DISCORD_TOKEN or DISCORD_TOKEN_FILE (`darkroom up` works without one)",
				"a Redis server is needed: set REDIS_URL or --redis-url (only `darkroom up` has its own)",
				"--heartbeat 9m0s: want at most a third of the lease, 30s",
			},
		},
		"a misspelt name": {sources("up", "--config", "f").file("f", "redis: x\n"),
			[]string{`f: line 1: there is no setting "redis"; did you mean "redis-url"?`}},
		"no settings file": {sources("up", "--config", "f"), []string{"settings file f: open f: file does not exist"}},
		"no token file": {sources("up", "--discord-token-file", "t"),
			[]string{"read the bot's token: open t: file does not exist"}},
		"empty token file": {sources("bot", "--discord-token-file", "t", "--redis-url", "redis://h").file("t", " \n"),
			[]string{"read the bot's token: t is empty"}},
		"an open page": {sources("up", "--listen", "0.0.0.0:80"),
			[]string{
				`--listen: "0.0.0.0:80" can be reached from outside: want 127.0.0.1, ::1 or localhost, or set --page-host`,
			}},
		"no port": {sources("up", "--listen", "localhost"), []string{`--listen: "localhost": want HOST:PORT`}},
		"a strange API": {sources("up", "--discord-api", "discord.com"),
			[]string{`--discord-api: "discord.com" is not a web address`}},
		"a password is not repeated": {sources("up").env("REDIS_URL", "http://:pw@h"),
			[]string{"--redis-url: want redis://HOST:PORT/0, rediss:// or unix://"}},
		"a database's password is not repeated": {sources("up").env("DATABASE_URL", "mysql://u:pw@h/d"),
			[]string{"--database-url: want sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME"}},
		"a server's name": {sources("queue", "pause", "--server", "abc", "--redis-url", "http://h"),
			[]string{"--redis-url: want redis://HOST:PORT/0, rediss:// or unix://",
				`--server: "abc": want a server's id, or dm for all direct messages`}},
		"a heartbeat of more than a third of the lease": {
			sources("up", "--lease", "20s", "--heartbeat", "7s"),
			[]string{"--heartbeat 7s: want at most a third of the lease, 20s"},
		},
		"a device": {sources("up", "--device", "gpu"), []string{`--device: device "gpu": want auto, cpu, cuda:N or webgpu`}},
		"several devices where one renders": {
			sources("draw", "a", "--device", "cuda:0,cuda:1"),
			[]string{"--device cuda:0,cuda:1: want one device; only renderer and up take several"},
		},
		"a long slot name with several devices": {
			sources("up", "--device", "cpu,cpu", "--slot", strings.Repeat("a", 55)),
			[]string{`--slot: "` + strings.Repeat("a", 55) +
				`": want at most 54 characters with several devices, each of which adds its name`},
		},
		"a hub without TLS, and what else a pull refuses": {
			sources("models", "pull", "a/b", "--hub", "http://me:pw@h", "--name", "../x", "--stall", "2h").
				env("HF_TOKEN", "hf_\x00"),
			[]string{
				"--stall: 2h0m0s is not from 1s to 1h", "the hub's token has characters that no token has",
				"--hub: want an address like https://hub.example, without a password or a query",
				`--name: "../x": want the name of a folder or file, without a path`,
			},
		},
		"a size":    {sources("draw", "a", "--size", "12"), []string{`--size: size "12": want WIDTHxHEIGHT in pixels`}},
		"a flag":    {sources("up", "--lese", "1s"), []string{`unknown flag --lese, did you mean "--lease"?`}},
		"a command": {sources("paint"), []string{`unexpected argument paint`}},
		"no name":   {sources("runtime", "pull"), []string{`the name is missing, as in: darkroom runtime pull NAME`}},
		"no prompt": {sources("draw"), []string{`the prompt is missing, as in: darkroom draw "a red boat on a blue sea"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(c.src)
			if _, ok := errors.AsType[*FaultError](err); !ok {
				t.Fatalf("got %v, want a FaultError", err)
			}
			equal(t, "faults", strings.Split(err.Error(), "\n"), c.want)
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"help": {"--help"}, "help_up": {"up", "--help"}, "help_bot": {"bot", "-h"}, "help_renderer": {"renderer", "--help"},
		"help_draw": {"draw", "--help"}, "help_queue": {"queue", "--help"}, "help_queue_pause": {"queue", "pause", "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var help bytes.Buffer
			src := sources(args...)
			src.Help = &help
			if _, err := Load(src); !errors.Is(err, ErrHelp) {
				t.Fatalf("got %v, want %v", err, ErrHelp)
			}
			golden(t, "testdata/"+name+".txt", help.Bytes())
		})
	}
	t.Run("an empty command line shows help", func(t *testing.T) {
		t.Parallel()
		if _, err := Load(sources()); !errors.Is(err, ErrHelp) {
			t.Errorf("got %v, want %v", err, ErrHelp)
		}
	})
}

func TestDevices(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"cpu": "cpu", "cuda": "cuda:0", "cuda:0, cuda:1": "cuda:0,cuda:1", "cpu,cpu": "cpu,cpu", "auto": "auto",
		"webgpu,cuda:2": "webgpu,cuda:2",
	} {
		var d Devices
		if err := d.UnmarshalText([]byte(text)); err != nil || d.String() != want {
			t.Errorf("devices %q: got %q, %v, want %q", text, d, err, want)
		}
	}
	for _, text := range []string{"", "cuda:0,", "auto,cpu", "cuda:0;cuda:1"} {
		if err := new(Devices).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("devices %q: got no error", text)
		}
	}
}

func TestUnmarshalText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Device{
		"cpu": {Kind: "cpu"}, "cuda": {Kind: "cuda"}, "cuda:2": {Kind: "cuda", Index: 2},
		"auto": {Kind: "auto"}, "webgpu": {Kind: "webgpu"},
	} {
		var d Device
		if err := d.UnmarshalText([]byte(text)); err != nil || d != want {
			t.Errorf("device %s: got %+v, %v, want %+v", text, d, err, want)
		}
	}
	for _, text := range []string{"", "cpu:1", "cuda:-1", "cuda:x", "cuda:256", "auto:1", "webgpu:0", "metal"} {
		if err := new(Device).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("device %q: got no error", text)
		}
	}
	for _, text := range []string{"", "1", "1x", "ax2", "0x5", "-1x5"} {
		if err := new(Size).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("size %q: got no error", text)
		}
	}
}
