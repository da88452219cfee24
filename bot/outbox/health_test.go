package outbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"darkroom/bot/job"
	"darkroom/queue"
	"darkroom/store"
)

// settingsQueue is a server whose settings a test changes.
type settingsQueue struct {
	Queue
	down     bool
	warnings []string
	err      error
}

func (*settingsQueue) InProcess() bool { return false }

func (q *settingsQueue) Ping(context.Context) error {
	if q.down {
		return errors.New("refused")
	}
	return nil
}

func (q *settingsQueue) Check(context.Context) ([]string, error) { return q.warnings, q.err }

func TestSettingsAreCheckedWheneverTheServerMayBeAnother(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	var log bytes.Buffer
	q := &settingsQueue{down: true}
	h := &healthCheck{
		queue: q, every: time.Minute, now: func() time.Time { return now }, log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	errors, warnings := 0, 0
	step := func(what string, newErrors, newWarnings int) {
		t.Helper()
		h.settings(t.Context())
		errors, warnings = errors+newErrors, warnings+newWarnings
		e, w := strings.Count(log.String(), "level=ERROR"), strings.Count(log.String(), "level=WARN")
		if e != errors || w != warnings {
			t.Errorf("%s: %d errors and %d warnings in the log, want %d and %d\n%s", what, e, w, errors, warnings, &log)
		}
	}
	step("it does not answer", 0, 0)
	q.down, q.err, q.warnings = false, fmt.Errorf("maxmemory-policy allkeys-lru"), []string{"keeps nothing on disk"}
	step("the first contact", 1, 1)
	step("a moment later", 0, 0)
	now = now.Add(time.Minute)
	step("a minute later", 1, 0)
	q.err = nil
	h.reconnected()
	step("another server", 0, 0)
	q.err = fmt.Errorf("maxmemory-policy allkeys-lru")
	now = now.Add(time.Minute)
	step("it was set otherwise", 1, 0)
}

// startEvicting starts a redis-server that evicts keys beyond a few megabytes, and returns a queue on it.
func startEvicting(t *testing.T, o queue.Options, settings ...string) (*queue.Queue, *redis.Client) {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed (apt-get install redis-server)")
	}
	socket := filepath.Join(t.TempDir(), "redis.sock")
	args := append([]string{"--port", "0", "--unixsocket", socket, "--save", "", "--dir", t.TempDir()}, settings...)
	server := exec.Command(binary, args...)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	db := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	t.Cleanup(func() { _ = db.Close() })
	for end := time.Now().Add(20 * time.Second); db.Ping(t.Context()).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("redis-server did not answer within 20 s")
		}
	}
	q, err := queue.Dial("unix://"+socket, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q, db
}

// painter leases, posts and ends jobs, and counts what it posted.
type painter struct {
	db    *store.Store
	queue *queue.Queue

	mu     sync.Mutex
	posted map[string]int
}

func (p *painter) run(ctx context.Context, slot string) {
	for n := 0; ctx.Err() == nil; n++ {
		leases, err := p.queue.Reserve(ctx, slot, fmt.Sprint(n), queue.Capacity{Lanes: queue.Lanes("v1:a"), MaxJobs: 1})
		if err != nil || len(leases) == 0 {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		p.paint(ctx, leases[0])
	}
}

func (p *painter) paint(ctx context.Context, l queue.Lease) {
	_, _ = p.db.MarkLeased(ctx, l.Job.ID)
	p.mu.Lock()
	there := l.Job.MaybePosted && p.posted[l.Job.ID] > 0
	p.mu.Unlock()
	if v, err := p.queue.Seal(ctx, l); err != nil || v != queue.OK {
		return // an epoch began; another renderer gets it
	}
	if !there {
		p.mu.Lock()
		p.posted[l.Job.ID]++
		p.mu.Unlock()
	}
	if _, err := p.queue.Done(ctx, l, 1, queue.Outcome{Delivered: "posted"}); err == nil {
		_, _ = p.db.Finish(ctx, l.Job.ID, "", []byte(`{}`))
	}
}

// acceptJobs writes down jobs of forty people, each with a prompt of some length.
func acceptJobs(ctx context.Context, t *testing.T, jobs int) *store.Store {
	t.Helper()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "a.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for i := range jobs {
		j := store.Job{
			ID: fmt.Sprintf("%d-0", i), Server: "g", Channel: "c", User: fmt.Sprint(i % 40), Verb: "imagine", Lane: "v1:a",
			Cost: 1000, Pictures: 1, Spec: fmt.Appendf(nil, `{"v":1,"prompt":%q}`, strings.Repeat("x", 600)),
			Address: []byte(`{}`),
		}
		err := db.Accept(ctx, []store.Job{j}, func(store.Policy, store.Usage) error { return nil })
		if err == nil {
			_, err = db.Acknowledge(ctx, j.ID, "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// paintAll runs four renderers until so many jobs are posted.
func (p *painter) paintAll(ctx context.Context, jobs int) {
	ctx, stop := context.WithCancel(ctx)
	var group sync.WaitGroup
	for i := range 4 {
		group.Go(func() { p.run(ctx, fmt.Sprint("r", i)) })
	}
	for left := jobs; left > 0 && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		p.mu.Lock()
		left = jobs - len(p.posted)
		p.mu.Unlock()
	}
	stop()
	group.Wait()
}

// TestServerThatEvicts fills a server that evicts keys with more jobs than it has room for: each is rendered once.
func TestServerThatEvicts(t *testing.T) {
	t.Parallel()
	const jobs = 1000
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	db := acceptJobs(ctx, t, jobs)
	q, server := startEvicting(t, queue.Options{Lease: 4 * time.Second, ReclaimGrace: time.Second},
		"--maxmemory", "2500kb", "--maxmemory-policy", "allkeys-lru")
	var log bytes.Buffer
	o := New(Options{
		Store: db, Queue: q, Fetcher: fakeFetcher{}, Enqueued: func() {},
		Failed: func(j job.Job, why string) { t.Errorf("%s failed: %s", j.ID, why) },
		Claim:  func(context.Context, string, time.Duration) (bool, error) { return true, nil },
		Pool:   "main", Relay: 50 * time.Millisecond, Audit: time.Minute, Verify: time.Second, Reap: 100 * time.Millisecond,
		Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- o.Run(running) }()
	p, began := &painter{db: db, queue: q, posted: map[string]int{}}, time.Now()
	p.paintAll(ctx, jobs)
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the outbox ended with %v", err)
	}
	_, evicted, _ := strings.Cut(server.Info(t.Context(), "stats").Val(), "evicted_keys:")
	evicted, _, _ = strings.Cut(evicted, "\r")
	t.Logf("%d of %d painted in %v, %s keys evicted", len(p.posted), jobs, time.Since(began).Round(time.Second), evicted)
	if len(p.posted) < jobs || evicted == "0" {
		t.Errorf("painted %d of %d jobs, %s keys evicted\n%s", len(p.posted), jobs, evicted, &log)
	}
	for id, n := range p.posted {
		if n != 1 {
			t.Errorf("job %s was posted %d times", id, n)
		}
	}
	if !strings.Contains(log.String(), "maxmemory-policy allkeys-lru") {
		t.Errorf("the log does not name the policy:\n%s", &log)
	}
}
