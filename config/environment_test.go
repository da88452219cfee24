package config

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// fullRenderer is a renderer's settings with no default among them.
func fullRenderer() Renderer {
	return Renderer{
		Redis:     Redis{URL: NewSecret("unix://:p@/tmp/queue.sock?protocol=2"), Pool: "night"},
		API:       API{Base: "http://127.0.0.1:1/api/v10"},
		Languages: Languages{Dir: "/l"},
		Runtime: Runtime{
			Ort: "/lib/ort.so", Device: Devices{{Kind: "cuda", Index: 1}, {Kind: "cpu"}}, Threads: 3, Prefer: "start",
			ModelsDir: "/m", Memory: 6 << 30, Graphs: true, Runtimes: Runtimes{Dir: "/r"}, Safety: "own",
		},
		CLIP:   CLIP{Path: "/clip"},
		Worker: Worker{Models: []string{"a,b", "c"}, Batch: 2, Slot: "east", Showcase: "off"},
		Leasing: Leasing{
			Lease: 9 * time.Second, Heartbeat: time.Second, Grace: 1500 * time.Millisecond, HangTimeout: time.Hour,
		},
	}
}

func TestEnvironmentIsReadBack(t *testing.T) {
	t.Parallel()
	log := Log{Level: "debug", Format: "json"}
	for name, want := range map[string]Renderer{"no defaults": fullRenderer(), "defaults": defaultRenderer(t)} {
		env := Environment(nil, log, want)
		got, err := Load(Sources{Args: []string{"renderer"}, ReadFile: os.ReadFile, Getenv: func(name string) string {
			for _, variable := range env {
				if text, found := strings.CutPrefix(variable, name+"="); found {
					return text
				}
			}
			return ""
		}})
		if err != nil || !reflect.DeepEqual(got.Renderer, want) || got.Log != log {
			t.Errorf("%s: got %+v, %v, want %+v, from %q", name, got.Renderer, err, want, env)
		}
	}
}

// TestEnvironmentTestIsComplete sees to it that a new setting of a renderer is tried above.
func TestEnvironmentTestIsComplete(t *testing.T) {
	t.Parallel()
	visitSettings(reflect.ValueOf(fullRenderer()), func(name string, value reflect.Value) {
		if value.IsZero() && name != "DARKROOM_BEAT" { // an old name, which Load empties
			t.Errorf("%s is not set", name)
		}
	})
}

func TestEnvironmentKeepsNoSecretOfTheBot(t *testing.T) {
	t.Parallel()
	base := []string{
		"PATH=/bin", "DISCORD_TOKEN=hush", "DISCORD_TOKEN_FILE=/hush", "DATABASE_URL=postgres://hush",
		"REDIS_URL=redis://hush", "DARKROOM_CONFIG=/hush", "DARKROOM_DATA=/hush", "DARKROOM_DISCORD_API=http://hush",
		"HF_TOKEN=hush", "HF_TOKEN_PATH=/hush", "HF_ENDPOINT=https://hush", "LD_LIBRARY_PATH=/lib",
	}
	env := Environment(base, Log{Level: "info", Format: "text"}, fullRenderer())
	hush := strings.Contains(strings.Join(env, "\n"), "hush")
	if hush || !slices.Contains(env, "PATH=/bin") || !slices.Contains(env, "LD_LIBRARY_PATH=/lib") {
		t.Errorf("got %q, want PATH and LD_LIBRARY_PATH, and nothing of the bot's", env)
	}
}

func defaultRenderer(t *testing.T) Renderer {
	t.Helper()
	s, err := Load(Sources{
		Args: []string{"renderer", "--redis-url", "redis://h:1"}, ReadFile: os.ReadFile,
		Getenv: func(string) string { return "" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.Renderer
}
