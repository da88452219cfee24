package registry

import (
	"context"
	"errors"
	"testing"
)

func TestRegistries(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name      string
		env, told map[string]string
		npm, pypi string
	}{
		{name: "nothing is set", npm: publicNPM, pypi: publicPython},
		{
			name: "the environment",
			env:  map[string]string{"npm_config_registry": "https://a/npm/", "PIP_INDEX_URL": "https://a/simple/"},
			told: map[string]string{"npm": "https://b", "pip": "https://b"}, npm: "https://a/npm", pypi: "https://a/simple",
		},
		{
			name: "the environment in capitals", env: map[string]string{"NPM_CONFIG_REGISTRY": "http://a"}, npm: "http://a",
			pypi: publicPython,
		},
		{
			name: "the tools' own settings", told: map[string]string{"npm": "https://b/npm/\n", "pip": "https://b/simple\n"},
			npm: "https://b/npm", pypi: "https://b/simple",
		},
		{
			name: "settings that are no address", env: map[string]string{"PIP_INDEX_URL": "none"},
			told: map[string]string{"npm": "undefined\n"}, npm: publicNPM, pypi: publicPython,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := Settings{
				Getenv: func(name string) string { return c.env[name] },
				RunTool: func(_ context.Context, name string, _ ...string) (string, error) {
					if v, ok := c.told[name]; ok {
						return v, nil
					}
					return "", errors.New("not installed")
				},
			}
			if got := s.npm(t.Context()); got != c.npm {
				t.Errorf("npm: got %s, want %s", got, c.npm)
			}
			if got := s.python(t.Context()); got != c.pypi {
				t.Errorf("pip: got %s, want %s", got, c.pypi)
			}
		})
	}
}
