package bot_test

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

const (
	unqueuedJobs    = 20_000
	unqueuedPerUser = 10
)

// BenchmarkEnqueueUnqueued measures how long it takes until a real Redis that was wiped holds every accepted job of
// SQLite again: 20,000 jobs of 2,000 people in 200 servers. Each iteration is one wipe.
func BenchmarkEnqueueUnqueued(b *testing.B) {
	ctx := context.Background()
	db := storeWithJobs(b, unqueuedJobs)
	q := realQueue(b)
	instance, err := bot.New(bot.Parts{
		Store: db, Queue: q, Discord: rest.NewClient(rest.Options{Base: "http://127.0.0.1:9/api/v10", Token: "none"}),
		Options: bot.Options{
			Token: "none", Base: "http://127.0.0.1:9/api/v10", Intervals: bot.Intervals{Relay: 50 * time.Millisecond},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	b.ResetTimer()
	go func() { ended <- instance.Run(ctx) }()
	for n := range b.N {
		for {
			time.Sleep(20 * time.Millisecond)
			epoch, _, err := q.Epoch(ctx)
			waiting, _, cerr := q.Counts(ctx)
			if err == nil && cerr == nil && epoch == int64(2*n+1) && waiting == unqueuedJobs {
				break
			}
		}
		if n+1 < b.N { // the queue is now at an epoch that is over, as if it were another's: the next one is begun
			if _, err := db.NextEpoch(ctx, "main"); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	stop()
	<-ended
}

// storeWithJobs is a store with so many accepted jobs.
func storeWithJobs(b *testing.B, n int) *store.Store {
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(b.TempDir(), "a.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	spec := picture.Spec{
		Version: picture.Version, Model: picture.Ref{Name: "m", Hash: modelHash}, Prompt: "a red boat on a blue sea",
		Width: 512, Height: 512, Steps: 20, Count: 4, Sampler: "ddim",
	}
	to := message.Address{Application: "1", Token: "t", Channel: "2", User: "3", Expires: time.Now().Add(tokenLife)}
	for user := range n / unqueuedPerUser {
		var jobs []store.Job
		for n := range unqueuedPerUser {
			jobs = append(jobs, store.Job{
				ID: fmt.Sprintf("%d-0", 1_000_000_000+user*unqueuedPerUser+n), Server: fmt.Sprint("g", user%200),
				User: fmt.Sprint("u", user),
				Spec: must(spec.Encode()), Address: to.Encode(), Lane: spec.Lane(), Cost: 8000, Pictures: 4,
			})
		}
		if err := s.Accept(ctx, jobs, func(store.Policy, store.Usage) error { return nil }); err != nil {
			b.Fatal(err)
		}
		for _, e := range jobs {
			if _, err := s.Acknowledge(ctx, e.ID, ""); err != nil {
				b.Fatal(err)
			}
		}
	}
	return s
}

const tokenLife = 15 * time.Minute

// realQueue is a queue on a Redis server of its own.
func realQueue(b *testing.B) *queue.Queue {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		b.Skip("no redis-server on this machine")
	}
	socket := filepath.Join(b.TempDir(), "s")
	server := exec.Command(
		program, "--port", "0", "--unixsocket", socket, "--save", "", "--maxmemory-policy", "noeviction",
	)
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	q, err := queue.Dial("unix://"+socket, queue.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = q.Close() })
	for q.Ping(context.Background()) != nil {
		time.Sleep(20 * time.Millisecond)
	}
	return q
}
