package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// childEnv makes the test binary behave as the program itself, so that tests can start and kill real processes: as it
// is, or with fake models.
const (
	childEnv        = "DARKROOM_TEST_CHILD"
	childProgram    = "program"
	childFakeModels = "fake models"
)

// programEnv is what a renderer's process inherits when the program runs in a test.
func programEnv() []string { return append(os.Environ(), childEnv+"="+childProgram) }

// call runs the program as main would, with nothing in its environment.
func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), environment{
		args: args, getenv: func(string) string { return "" }, environ: programEnv(), stdout: &out, stderr: &errs,
	})
	return code, out.String(), errs.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string // parts of what is written there
	}{
		"help is no fault":                {[]string{"--help"}, exitOK, "Serving Discord:", ""},
		"nothing asked is help":           {nil, exitOK, "Usage: darkroom <command>", ""},
		"help as a word":                  {[]string{"help"}, exitOK, "Usage: darkroom <command>", ""},
		"help for a command":              {[]string{"help", "draw"}, exitOK, "Usage: darkroom draw <prompt>", ""},
		"help for a command's command":    {[]string{"help", "queue", "pause"}, exitOK, "Usage: darkroom queue pause", ""},
		"version":                         {[]string{"version"}, exitOK, "darkroom ", ""},
		"version as a flag":               {[]string{"--version"}, exitOK, "darkroom ", ""},
		"a prompt called help":            {[]string{"prompt", "help"}, exitOK, "help", ""},
		"an unknown command":              {[]string{"paint"}, exitUsage, "", `Run "darkroom --help"`},
		"an unknown flag":                 {[]string{"up", "--lese", "1s"}, exitUsage, "", `did you mean "--lease"?`},
		"the bot tells all that it needs": {[]string{"bot"}, exitUsage, "", "DISCORD_TOKEN"},
		"where to read on":                {[]string{"bot"}, exitUsage, "", `Run "darkroom bot --help"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := call(t, c.args...)
			if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
				t.Errorf("got %d, stdout %q, stderr %q\nwant %d, %q, %q", code, stdout, stderr, c.code, c.stdout, c.stderr)
			}
		})
	}
}

func TestSupervisedProcessReportsItsFault(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	settings := map[string]string{"DARKROOM_SUPERVISED": "1"}
	code := run(t.Context(), environment{
		args: []string{"renderer"}, stdout: &out, stderr: &errs, getenv: func(name string) string { return settings[name] },
	})
	if code != exitFailure || !strings.HasPrefix(out.String(), `{"fault":"`) || errs.Len() > 0 {
		t.Errorf("got %d, %q, %q, want the missing Redis reported, and nothing logged", code, out.String(), errs.String())
	}
}
