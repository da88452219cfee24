//go:build cgo && unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// drawOnTerminal runs draw as a process whose stdout and stderr are a terminal of 80 by 24 characters, with these
// variables beside what a process needs, and returns what the terminal got.
func drawOnTerminal(t *testing.T, env []string, args ...string) string {
	t.Helper()
	needRuntime(t)
	cmd := exec.Command(os.Args[0], append([]string{"draw", "a red boat", "--model", sourceDemo, "--seed", "7",
		"--steps", "5"}, args...)...)
	cmd.Env = append([]string{childEnv + "=" + childProgram, "HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH"),
		"ONNXRUNTIME_LIB=" + os.Getenv("ONNXRUNTIME_LIB")}, env...)
	screen, err := pty.StartWithSize(cmd, &pty.Winsize{Cols: 80, Rows: 24})
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	var got bytes.Buffer
	_, _ = io.Copy(&got, screen) // ends with EIO when the process closes the terminal
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, got.String())
	}
	return strings.ReplaceAll(got.String(), "\r\n", "\n")
}

func TestDrawOnATerminal(t *testing.T) {
	t.Parallel()
	const bar = "] 5 of 5 steps\r\x1b[K"
	for name, c := range map[string]struct {
		env   []string
		args  []string
		begin string // of what follows the bar
		count int    // lines of half blocks
	}{
		"Kitty":        {[]string{"TERM=xterm-kitty"}, nil, "\x1b_Gf=100,q=2,c=44,r=22,a=T,", 0},
		"iTerm2":       {[]string{"TERM=xterm-256color", "TERM_PROGRAM=iTerm.app"}, nil, "\x1b]1337;File=size=", 0},
		"sixels":       {[]string{"TERM=foot"}, nil, "\x1bP0;1q\"1;1;440;440", 0},
		"half blocks":  {[]string{"TERM=xterm-256color", "COLORTERM=truecolor"}, nil, "\x1b[38;2;", 22},
		"256 colours":  {[]string{"TERM=xterm-256color"}, nil, "\x1b[38;5;", 22},
		"no colour":    {[]string{"TERM=xterm-256color", "COLORTERM=truecolor", "NO_COLOR=1"}, nil, "", 0},
		"asked for":    {[]string{"TERM=xterm"}, []string{"--show", "blocks"}, "\x1b[38;2;", 22},
		"by a setting": {[]string{"TERM=xterm", "DARKROOM_SHOW=sixel"}, nil, "\x1bP0;1q", 0},
		"switched off": {[]string{"TERM=xterm-kitty"}, []string{"--show", "none"}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.png")
			got := drawOnTerminal(t, c.env, append(c.args, "--out", path)...)
			_, after, found := strings.Cut(got, bar)
			image, ended := strings.CutSuffix(after, path+"\n")
			if !found || !ended || !strings.HasPrefix(image, c.begin) || c.begin == "" && image != "" {
				t.Errorf("got %.400q, want the bar, %q and the file's name", got, c.begin)
			}
			if lines := strings.Count(image, "▀\x1b[0m\n"); lines != c.count {
				t.Errorf("got %d lines of half blocks, want %d", lines, c.count)
			}
		})
	}
	t.Run("JSON alone", func(t *testing.T) {
		t.Parallel()
		got := drawOnTerminal(t, []string{"TERM=xterm-kitty"}, "--json", "--out", filepath.Join(t.TempDir(), "a.png"))
		if !strings.HasPrefix(got, `{"file":`) || strings.Count(got, "\n") != 1 {
			t.Errorf("got %q, want one line of JSON", got)
		}
	})
	t.Run("several in half the size", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		got := drawOnTerminal(t, []string{"TERM=x-direct"}, "--count", "5", "--out", dir)
		if lines := strings.Count(got, "▀\x1b[0m\n"); lines != 5*16 || !strings.Contains(got, "] 5 of 10 steps") {
			t.Errorf("got %d lines of half blocks in %.400q, want 80, and one bar for both batches", lines, got)
		}
	})
}

func TestDrawIntoAPipeShowsNoImage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.png")
	code, stdout, stderr := drawDemo(t, "--show", "kitty", "--out", path)
	if code != exitOK || stdout != path+"\n" || stderr != "" {
		t.Errorf("got %d, %q and %q, want the file's name alone", code, stdout, stderr)
	}
}

// TestUpInATerminal runs `darkroom up` as a newcomer does: no line is an internal one.
func TestUpInATerminal(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	data := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(os.Args[0], "up", "--data", data, "--listen", "127.0.0.1:0", "--models", t.TempDir())
	cmd.Env = append([]string{"TERM=xterm"}, programEnv()...)
	screen, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	var got strings.Builder
	page := ""
	lines := bufio.NewScanner(screen)
	for lines.Scan() {
		line := lines.Text()
		got.WriteString(line + "\n")
		if strings.Contains(line, "level=") || strings.Contains(line, "epoch") || strings.Contains(line, "pid") {
			t.Errorf("an internal line: %s", line)
		}
		if _, address, found := strings.Cut(line, "http://"); found {
			page = address
		}
		if strings.HasPrefix(line, "Ready to generate") {
			code, about := runDoctor(t, "page", filepath.Join(t.TempDir(), "data"), nil, "--listen", page)
			if !strings.HasPrefix(about, "ok ") || !strings.Contains(about, "a running darkroom serves it on "+page) {
				t.Errorf("doctor beside it: got %d, %q", code, about)
			}
			_ = cmd.Process.Signal(os.Interrupt)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, want := range []string{
		"      http://127.0.0.1:", "The bot is online.\n", "Ready to generate images with postcards.\n", "Stopping. ",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("got\n%s\nwant %q in it", got.String(), want)
		}
	}
}
