//go:build cgo

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"darkroom/config"
	"darkroom/queue"
)

// runQueue runs `darkroom queue …` and returns its exit code and all its output.
func runQueue(t *testing.T, env map[string]string, args ...string) (int, string) {
	t.Helper()
	var said bytes.Buffer
	code := run(t.Context(), environment{
		args: append([]string{"queue"}, args...), getenv: func(name string) string { return env[name] }, stdout: &said,
		stderr: &said,
	})
	return code, said.String()
}

func TestQueue(t *testing.T) {
	t.Parallel()
	redis := newRedisServer(t, inMemory)
	q, err := queue.Dial("redis://"+redis.address(), queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	for q.Ping(t.Context()) != nil {
		time.Sleep(10 * time.Millisecond)
	}
	if err := q.BeginEpoch(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	err = q.Announce(
		t.Context(),
		queue.Renderer{
			Slot:   "easel",
			Device: "cpu",
			CLIP:   strings.Repeat("c", 64),
			Models: []queue.Model{{Name: "postcards", Hash: "ab"}},
		},
		time.Hour,
	)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	none := map[string]string{"DARKROOM_DATA": filepath.Join(dir, "none"), "REDIS_URL": "redis://" + redis.address()}
	code, said := runQueue(t, none, "pause")
	if code != exitFailure || !strings.Contains(said, "there is no database") || len(scopes(t, q)) > 0 {
		t.Errorf("beside the bot's database: exit code %d and %q, want nothing paused", code, said)
	}
	db, err := openData(t.Context(), config.Data{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"DARKROOM_DATA": dir, "REDIS_URL": "redis://" + redis.address()}
	for _, c := range []struct {
		args   string
		code   int
		says   string
		paused string // scopes, afterwards
	}{
		{"show", exitOK, "nothing is paused", ""},
		{"pause --server 55 --reason night", exitOK, "done", "server 55"},
		{"show", exitOK, "paused: server 55: night", "server 55"},
		{"show", exitOK, "renderer easel on cpu: postcards; CLIP cccccccccccc\n", "server 55"},
		{"pause --model postcards", exitOK, "done", "server 55, lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab"},
		{"show", exitOK, "paused: model postcards", "server 55, lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab"},
		{
			"pause --model nothing", exitFailure, `no renderer that is up has a model called "nothing"`,
			"server 55, lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab",
		},
		{"resume --server 55", exitOK, "done", "lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab"},
		{"resume --server 55", exitFailure, "was not paused here", "lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab"},
		{"pause", exitOK, "done for the whole queue", "the whole queue, lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab"},
		{
			"pause --server 1 --model x", exitUsage, "can't be used together",
			"the whole queue, lane 1:ab, lane 2:ab, lane 3:ab, lane 4:ab",
		},
	} {
		code, said := runQueue(t, env, strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("queue %s: exit code %d and %q, want %d and %q", c.args, code, said, c.code, c.says)
		}
		if got := scopes(t, q); got != c.paused {
			t.Errorf("after queue %s: paused are %q, want %q", c.args, got, c.paused)
		}
	}
	redis.kill()
	code, said = runQueue(t, env, "resume")
	if code != exitOK || !strings.Contains(said, "a running bot applies it within seconds") {
		t.Errorf("without Redis: exit code %d and %q, want it saved", code, said)
	}
	code, said = runQueue(t, env, "show")
	if code != exitFailure || !strings.Contains(said, "refused") || !strings.Contains(said, "paused: lane 1:ab") {
		t.Errorf("shown without Redis: exit code %d and %q, want what is paused, and the fault", code, said)
	}
	delete(env, "REDIS_URL")
	code, said = runQueue(t, env, "pause", "--model", "postcards")
	if code != exitFailure || !strings.Contains(said, "REDIS_URL") {
		t.Errorf("a model without Redis: exit code %d and %q", code, said)
	}
	code, said = runQueue(t, env, "show")
	if code != exitOK || !strings.Contains(said, "paused: lane 1:ab") || strings.Contains(said, "pool") {
		t.Errorf("at the end: exit code %d and %q, want the lane paused alone", code, said)
	}
}

// TestQueueUnderItsOldName runs `darkroom line …`, which says on stderr how it is called now.
func TestQueueUnderItsOldName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := openData(t.Context(), config.Data{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), environment{
		args: []string{"line", "show", "--data", dir}, getenv: func(string) string { return "" }, stdout: &stdout,
		stderr: &stderr,
	})
	if code != exitOK || !strings.Contains(stdout.String(), "nothing is paused") {
		t.Errorf("got exit code %d and %q, want the queue", code, stdout.String())
	}
	const notice = "darkroom: \"darkroom line\" is now called \"darkroom queue\"; the old name will be removed\n"
	if stderr.String() != notice {
		t.Errorf("stderr: got %q, want %q", stderr.String(), notice)
	}
}

func scopes(t *testing.T, q *queue.Queue) string {
	t.Helper()
	all, err := q.Pauses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range all {
		names = append(names, p.Scope.String())
	}
	return strings.Join(names, ", ")
}
