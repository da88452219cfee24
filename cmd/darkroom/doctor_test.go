package main

import (
	"bytes"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runDoctor runs `darkroom doctor` over a data directory and returns its exit code and the line about one subject.
func runDoctor(t *testing.T, thing, data string, env map[string]string, args ...string) (code int, line string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), environment{
		args:   append([]string{"doctor", "--data", data, "--listen", "127.0.0.1:0"}, args...),
		getenv: func(name string) string { return env[name] }, stdout: &out, stderr: &errs,
	})
	for l := range strings.Lines(out.String()) {
		if len(l) > 22 && strings.TrimSpace(l[7:22]) == thing {
			return code, strings.TrimSpace(l)
		}
	}
	t.Fatalf("no line about %s in:\n%s%s", thing, out.String(), errs.String())
	return 0, ""
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	token := base64.RawURLEncoding.EncodeToString([]byte("1056895310000000000")) + ".G1a2b3." + strings.Repeat("x", 30)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for name, c := range map[string]struct {
		thing string
		env   map[string]string
		args  []string
		want  string // part of the line
	}{
		"a new data directory": {"data", nil, nil, "will be made"},
		"a new database":       {"database", nil, nil, "darkroom.db will be made"},
		"another database":     {"database", map[string]string{"DATABASE_URL": "mysql://h:hush@h/d"}, nil, "BROKEN"},
		"a server that is not there": {
			"database", map[string]string{"DATABASE_URL": "postgres://u:hush@127.0.0.1:1/d"}, nil, "connection refused",
		},
		"no redis": {"redis", nil, nil, "ok     redis          none is set"},
		"a redis that is not there": {
			"redis", map[string]string{"REDIS_URL": "redis://:hush@127.0.0.1:1"}, nil, "connection refused",
		},
		"no redis address": {"redis", map[string]string{"REDIS_URL": "http://:hush@h"}, nil, "want redis://"},
		"no token":         {"discord token", nil, nil, "opens its own page"},
		"a token": {
			"discord token", map[string]string{"DISCORD_TOKEN": token}, nil, "of application 1056895310000000000",
		},
		"half a token": {"discord token", map[string]string{"DISCORD_TOKEN": "hush.hush"}, nil, "three parts"},
		"a token of something else": {
			"discord token",
			map[string]string{"DISCORD_TOKEN": strings.Repeat("hush", 6) + ".hush12." + strings.Repeat("hush", 7)}, nil,
			"no application id",
		},
		"a free port":          {"page", nil, nil, "is free"},
		"a port that is taken": {"page", nil, []string{"--listen", taken.Addr().String()}, "BROKEN"},
		"no page with a token": {
			"page", map[string]string{"DISCORD_TOKEN": token}, []string{"--listen", taken.Addr().String()}, "not needed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, line := runDoctor(t, c.thing, filepath.Join(t.TempDir(), "data"), c.env, c.args...)
			if !strings.Contains(line, c.want) || strings.Contains(line, "hush") {
				t.Errorf("got %q, want %q in it and no secret", line, c.want)
			}
			if strings.HasPrefix(line, "BROKEN") && code != exitFailure {
				t.Errorf("exit code: got %d, want %d", code, exitFailure)
			}
		})
	}
}

func TestDoctorLooksAtFiles(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "darkroom.db"), []byte("not a database at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(data, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ thing, data, want string }{
		{"data", data, "can be read by others"},
		{"database", data, "is no SQLite database"},
		{"data", file, "is not a directory"},
	} {
		code, line := runDoctor(t, c.thing, c.data, nil)
		if code != exitFailure || !strings.HasPrefix(line, "BROKEN") || !strings.Contains(line, c.want) {
			t.Errorf("%s: got %d, %q, want %d and %q", c.thing, code, line, exitFailure, c.want)
		}
	}
	entries, err := os.ReadDir(data)
	if err != nil || len(entries) != 2 {
		t.Errorf("got %v, %v, want a directory left as it was found", entries, err)
	}
}
