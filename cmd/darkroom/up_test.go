//go:build cgo

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"darkroom/render/logtest"
)

// TestUp starts everything, looks at the page, and stops it as a signal would.
func TestUp(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	data := filepath.Join(t.TempDir(), "data")
	out, in := io.Pipe()
	log := &waitingLog{found: make(chan struct{}), want: "ready to generate"}
	code := make(chan int, 1)
	go func() {
		defer in.Close()
		code <- run(ctx, environment{
			args:   []string{"up", "--data", data, "--listen", "127.0.0.1:0", "--models", t.TempDir(), "--log-level", "debug"},
			getenv: func(string) string { return "" }, environ: programEnv(), stdout: in, stderr: log,
		})
	}()
	url := readPageAddress(t, out)
	go io.Copy(io.Discard, out)
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%s: got %s, want 200", url, answer.Status)
	}
	select {
	case <-log.found:
	case c := <-code:
		t.Fatalf("it ended with %d: %s", c, log.String())
	}
	stop()
	if got := <-code; got != exitOK {
		t.Errorf("exit code: got %d, want %d: %s", got, exitOK, log.String())
	}
	want := []string{"component=renderer", "component=bot", "component=page"}
	got := regexp.MustCompile(`component=\w+`).FindAllString(log.String(), -1)
	if !slices.Equal(got, want) {
		t.Errorf("stopped: got %q, want %q", got, want)
	}
	if info, err := os.Stat(data); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data directory: got %v, %v, want mode 0700", info.Mode(), err)
	}
}

// readPageAddress reads the page's address from the program's output.
func readPageAddress(t *testing.T, out io.Reader) string {
	t.Helper()
	for s := bufio.NewScanner(out); s.Scan(); {
		if line := strings.TrimSpace(s.Text()); strings.HasPrefix(line, "http://127.0.0.1:") {
			return line
		}
	}
	t.Fatal("no address was printed")
	return ""
}

// waitingLog is a log that closes found when the wanted text is written.
type waitingLog struct {
	mu    sync.Mutex
	all   bytes.Buffer
	want  string
	found chan struct{}
}

func (l *waitingLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.want != "" && bytes.Contains(p, []byte(l.want)) {
		l.want = ""
		close(l.found)
	}
	return l.all.Write(p)
}

func (l *waitingLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// TestUpSaysWhatIsMissing runs `darkroom up` without what a renderer needs: it ends with one line that says so.
func TestUpSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	broken := t.TempDir()
	writeUnloadableModel(t, filepath.Join(broken, "little"))
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no runtime library":        {[]string{"--ort", "/nowhere/libonnxruntime.so"}, "/nowhere"},
		"no such model":             {[]string{"--models", t.TempDir(), "--model", "sd15"}, `model "sd15"`},
		"a model that cannot load":  {[]string{"--models", broken, "--model", "little"}, "no model can be loaded"},
		"a device that is not here": {[]string{"--models", t.TempDir(), "--device", "cuda:7"}, "cuda"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, out := &waitingLog{}, &logtest.Buffer{}
			code := run(t.Context(), environment{
				args:   append([]string{"up", "--data", filepath.Join(t.TempDir(), "data"), "--listen", "127.0.0.1:0"}, c.args...),
				getenv: func(string) string { return "" }, environ: programEnv(), stdout: out, stderr: log,
			})
			var said []string
			for line := range strings.Lines(log.String()) {
				if strings.HasPrefix(line, "darkroom: ") {
					said = append(said, line)
				}
			}
			if code != exitFailure || len(said) != 1 || !strings.Contains(log.String(), c.want) ||
				strings.Contains(log.String(), "started again") {
				t.Errorf("got %d, %s, want one line with %q, and no second try", code, log.String(), c.want)
			}
		})
	}
}
