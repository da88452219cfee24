package registry

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// The public registries, used where nothing else is set.
const (
	publicNPM    = "https://registry.npmjs.org"
	publicPython = "https://pypi.org/simple"
)

// toolTimeout is how long pip or npm may take to print a setting; Node alone can need seconds to start.
const toolTimeout = 20 * time.Second

// Settings is where the addresses of registries come from.
type Settings struct {
	Getenv func(string) string
	// RunTool runs pip or npm, if installed, and returns what it prints.
	RunTool func(ctx context.Context, name string, args ...string) (string, error)
}

// System returns the settings of this process and of the tools on this machine.
func System() Settings { return Settings{Getenv: os.Getenv, RunTool: runTool} }

// npm finds the registry as npm does: the environment, then npm's own settings, then the public one.
func (s Settings) npm(ctx context.Context) string {
	for _, name := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if v := base(s.Getenv(name)); v != "" {
			return v
		}
	}
	if out, err := s.RunTool(ctx, "npm", "config", "get", "registry"); err == nil && base(out) != "" {
		return base(out)
	}
	return publicNPM
}

// python finds the package index as pip does: the environment, then pip's own settings, then the public one.
func (s Settings) python(ctx context.Context) string {
	if v := base(s.Getenv("PIP_INDEX_URL")); v != "" {
		return v
	}
	for _, key := range []string{"install.index-url", "global.index-url"} {
		if out, err := s.RunTool(ctx, "pip", "config", "get", key); err == nil && base(out) != "" {
			return base(out)
		}
	}
	return publicPython
}

// base trims an address to the form that paths are appended to, or "" where it is none.
func base(raw string) string {
	raw = strings.TrimRight(strings.TrimSpace(raw), "/")
	if u, err := url.Parse(raw); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return ""
	}
	return raw
}

// runTool runs a package tool for one of its settings. Such a command only prints; it installs and runs nothing.
func runTool(ctx context.Context, name string, args ...string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", name, err)
	}
	return string(out), nil
}
