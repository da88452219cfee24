package main

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
)

func TestRegistries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		env, told map[string]string
		npm, pypi string
	}{
		{name: "nothing is set", npm: publicNPM, pypi: publicPyPI},
		{
			name: "the environment",
			env:  map[string]string{"npm_config_registry": "https://a/npm/", "PIP_INDEX_URL": "https://a/simple/"},
			told: map[string]string{"npm": "https://b", "pip": "https://b"}, npm: "https://a/npm", pypi: "https://a/simple",
		},
		{
			name: "the environment in capitals", env: map[string]string{"NPM_CONFIG_REGISTRY": "http://a"}, npm: "http://a",
			pypi: publicPyPI,
		},
		{
			name: "the tools' own settings", told: map[string]string{"npm": "https://b/npm/\n", "pip": "https://b/simple\n"},
			npm: "https://b/npm", pypi: "https://b/simple",
		},
		{
			name: "settings that are no address", env: map[string]string{"PIP_INDEX_URL": "none"},
			told: map[string]string{"npm": "undefined\n"}, npm: publicNPM, pypi: publicPyPI,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := environment{
				getenv: func(name string) string { return c.env[name] },
				runTool: func(_ context.Context, name string, _ ...string) (string, error) {
					if v, ok := c.told[name]; ok {
						return v, nil
					}
					return "", errors.New("not installed")
				},
			}
			if got := s.npmRegistry(t.Context()); got != c.npm {
				t.Errorf("npm: got %s, want %s", got, c.npm)
			}
			if got := s.pythonIndex(t.Context()); got != c.pypi {
				t.Errorf("pip: got %s, want %s", got, c.pypi)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ page, link, want string }{
		{"https://u:p@a/simple/x/", "../../f/x.whl#sha256=0", "https://u:p@a/f/x.whl"},
		{"https://u:p@a/simple/x/", "https://b/x.whl", "https://b/x.whl"},
		{"https://u:p@a/simple/x/", "http://a/x.whl", "http://a/x.whl"},
	} {
		if got, err := resolve(c.page, c.link); err != nil || got != c.want {
			t.Errorf("resolve(%s, %s): got %s, %v, want %s", c.page, c.link, got, err, c.want)
		}
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	got := redacted("https://user:secret@host/path?token=secret")
	if strings.Contains(got, "secret") || !strings.Contains(got, "host/path") {
		t.Errorf("got %s, want host and path without the secret", got)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	hash := regexp.MustCompile(`^[0-9a-f]{64}$`)
	all := sources(environment{})
	for _, s := range all {
		for _, platform := range []string{"linux/amd64", "linux/arm64", "darwin/arm64"} {
			p, ok := s.pins[platform]
			if !ok || !strings.Contains(p.file, version) || p.member == "" {
				t.Errorf("%s %s: got %+v, want a package of version %s", s.name, platform, p, version)
			}
			pinned := hash.MatchString(p.sha256) && hash.MatchString(p.library) && p.size > 0
			if pinned == (s.name == "release") {
				t.Errorf("%s %s: got pinned %v; only the measured packages are", s.name, platform, pinned)
			}
			if isPinned(all, platform, "") {
				t.Errorf("%s: a missing file counts as measured", platform)
			}
		}
	}
}
