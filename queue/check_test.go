package queue

import (
	"errors"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		warnings, err := r.Check(r.ctx)
		if err != nil {
			r.Errorf("a good server: %v", err)
		}
		for _, w := range warnings { // the tests' server keeps nothing on disk, unless a benchmark changed that
			if !strings.Contains(w, "on disk") {
				r.Errorf("a good server: warned of %q", w)
			}
		}
	})
	for version, good := range map[string]bool{"6.0.16": false, "6.2.0": true, "7.0.15": true, "10.1": true, "": true} {
		if err := checkVersion(version); (err == nil) != good {
			t.Errorf("version %q: %v", version, err)
		}
	}
	const advice = "CONFIG SET maxmemory-policy noeviction"
	if err := checkEviction("allkeys-lru"); err == nil || !strings.Contains(err.Error(), advice) {
		t.Errorf("eviction: %v, want the fix", err)
	}
	for _, c := range []struct{ aof, save, want string }{{"0", "", "generated again"}, {"1", "", ""},
		{"0", "3600 1", ""}, {"0", "unknown", ""}} {
		if got := warnPersistence(c.aof, c.save); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("append-only file %s, save %q: warned %q, want %q in it", c.aof, c.save, got, c.want)
		}
	}
	q := &Queue{opts: Options{}.withDefaults()}
	for limit, want := range map[string]string{"0": "", "": "", "4294967296": "", "104857600": "may use 100 MiB"} {
		if got := q.warnMemory(limit); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("maxmemory %q: warned %q, want %q in it", limit, got, want)
		}
	}
}

func TestDial(t *testing.T) {
	t.Parallel()
	good := []string{"redis://localhost:6379", "redis://u:p@h:1/3", "rediss://h:1?pool_size=3", "unix:///tmp/x.sock?db=2",
		"redis://a:1,b:2/0?master=m", "redis://a:1,b:2?cluster=true"}
	for _, address := range good {
		q, err := Dial(address, Options{})
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		_ = q.Close()
	}
	for _, address := range []string{"", "localhost:6379", "http://x", "redis://:secret@a:1,b:2",
		"redis://:secret@h:1/nodb",
		"redis://:secret@h:1?nonsense=1", "redis://:secret@%zz"} {
		if _, err := Dial(address, Options{}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v; want an error that keeps the password", address, err)
		}
	}
}

func TestEmbeddedQueueIsCapped(t *testing.T) {
	t.Parallel()
	q := Embedded(Options{})
	t.Cleanup(func() { _ = q.Close() })
	if q.opts.MaxWaiting != embeddedWaiting {
		t.Errorf("cap %d, want %d", q.opts.MaxWaiting, embeddedWaiting)
	}
	few := Embedded(Options{MaxWaiting: 1})
	t.Cleanup(func() { _ = few.Close() })
	if err := few.BeginEpoch(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := few.Enqueue(t.Context(), 1, job("1-0", "s", "u")); err != nil {
		t.Fatal(err)
	}
	_, err := few.Enqueue(t.Context(), 1, job("2-0", "s", "u"))
	const hint = "1 jobs are waiting in this process's own memory; a Redis server takes more"
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), hint) {
		t.Errorf("one too many: %v; want ErrFull, and what would help", err)
	}
}
