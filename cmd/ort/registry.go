package main

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// The public registries, used where nothing else is set.
const (
	publicNPM  = "https://registry.npmjs.org"
	publicPyPI = "https://pypi.org/simple"
	releaseURL = "https://github.com/microsoft/onnxruntime/releases/download"
)

// environment is where the addresses of registries come from: environment variables, and the package tools if
// installed.
type environment struct {
	getenv  func(string) string
	runTool func(ctx context.Context, name string, args ...string) (string, error)
}

// npmRegistry finds the registry as npm does: the environment, then npm's own settings, then the public one.
func (s environment) npmRegistry(ctx context.Context) string {
	for _, name := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if v := base(s.getenv(name)); v != "" {
			return v
		}
	}
	if out, err := s.runTool(ctx, "npm", "config", "get", "registry"); err == nil && base(out) != "" {
		return base(out)
	}
	return publicNPM
}

// pythonIndex finds the package index as pip does: the environment, then pip's own settings, then the public one.
func (s environment) pythonIndex(ctx context.Context) string {
	if v := base(s.getenv("PIP_INDEX_URL")); v != "" {
		return v
	}
	for _, key := range []string{"install.index-url", "global.index-url"} {
		if out, err := s.runTool(ctx, "pip", "config", "get", key); err == nil && base(out) != "" {
			return base(out)
		}
	}
	return publicPyPI
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
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s: %w", name, err)
	}
	return string(out), nil
}

// redacted prints an address without the password or token it may carry.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(an address that does not parse)"
	}
	u.RawQuery = ""
	if u.User != nil {
		u.User = url.User("…")
	}
	return u.String()
}
