//go:build unix

package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
)

// startMeasuredBot runs a whole bot against a stub of Discord, with SQLite on disk and a real Redis, in which so many
// jobs wait. A renderer is announced and takes nothing, so every job waits.
func startMeasuredBot(b *testing.B, waiting int) *stubDiscord {
	ctx, stop := context.WithCancel(context.Background())
	db, q, d := storeWithJobs(b, waiting), realQueue(b), newStubDiscord(b)
	spec := picture.Spec{Version: picture.Version, Model: picture.Ref{Hash: modelHash}}
	if err := q.Announce(ctx, queue.Renderer{
		Slot: "easel", Device: "test", Lanes: queue.Lanes(picture.Lanes(modelHash)...),
		Models: []queue.Model{{Name: "postcards", Hash: modelHash, Lane: spec.Lane(), Card: json.RawMessage(card)}},
	}, time.Hour); err != nil {
		b.Fatal(err)
	}
	base := d.server.URL + "/api/v10"
	instance, err := bot.New(bot.Parts{
		Store: db, Queue: q, Discord: rest.NewClient(rest.Options{Base: base, Token: "none"}),
		Options: bot.Options{Token: "none", Base: base},
	})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- instance.Run(ctx) }()
	b.Cleanup(func() { stop(); <-ended })
	<-d.ready
	for {
		_, empty, err := q.Epoch(ctx)
		n, _, cerr := q.Counts(ctx)
		if err == nil && cerr == nil && !empty && n == waiting {
			return d
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// inFlight is how many interactions are unanswered while the capacity is measured.
const inFlight = 64

// answerAll sends so many interactions, a few at a time, and waits for all answers.
func (d *stubDiscord) answerAll(b *testing.B, n int) {
	open := 0
	for sent := 0; sent < n || open > 0; {
		for sent < n && open < inFlight {
			d.imagine()
			sent, open = sent+1, open+1
		}
		select {
		case <-d.answers:
			open--
		case <-time.After(3 * time.Second):
			open = 0 // they were dropped
		}
	}
}

// BenchmarkImagine measures what one /imagine costs from the gateway's event to the answer, with few and with many jobs
// that wait: cpu-ms/op is the processor's time of the bot and of the stub, without Redis.
func BenchmarkImagine(b *testing.B) {
	for _, waiting := range []int{0, 1500, 5000} {
		b.Run(fmt.Sprint(waiting, "_waiting"), func(b *testing.B) {
			d := startMeasuredBot(b, waiting)
			d.answerAll(b, 50)
			b.ResetTimer()
			began := processorTime(b)
			d.answerAll(b, b.N)
			b.ReportMetric((processorTime(b)-began).Seconds()*1000/float64(b.N), "cpu-ms/op")
		})
	}
}

// processorTime is what this process has used of the processors.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkOverload measures how many of the interactions are answered within Discord's three seconds when more come
// than the bot can answer. The capacity is measured first, with a few in flight at any time.
func BenchmarkOverload(b *testing.B) {
	const period = 10 * time.Second
	d := startMeasuredBot(b, 0)
	for range b.N {
		d.answerAll(b, 500)
		began := time.Now()
		n := 0
		for ; time.Since(began) < period/2; n += 100 {
			d.answerAll(b, 100)
		}
		peak := float64(n) / time.Since(began).Seconds()
		capacity, answered := peak, map[float64]float64{}
		for _, times := range []float64{1, 2, 5} {
			d.takeAges()
			perSecond, p50, p99 := d.offer(capacity*times, period)
			answered[times], peak = perSecond, max(peak, perSecond) // on a busy machine the first was not the peak
			b.Logf("%g times %.0f/s: %.0f/s answered, after %v (p50) and %v (p99)", times, capacity, perSecond, p50, p99)
		}
		b.ReportMetric(peak, "peak/s")
		for times, perSecond := range answered {
			b.ReportMetric(perSecond/peak*100, fmt.Sprintf("%%_at_%gx", times))
		}
	}
}

// offer sends interactions at a steady rate, and tells how many a second were answered in time, and when.
func (d *stubDiscord) offer(perSecond float64, period time.Duration) (answered float64, p50, p99 time.Duration) {
	began := time.Now()
	for n := 0; ; {
		passed := time.Since(began)
		if passed >= period {
			break
		}
		for ; n < int(perSecond*passed.Seconds()); n++ {
			d.imagine()
		}
		time.Sleep(2 * time.Millisecond)
	}
	ages := d.takeAges()
	if len(ages) == 0 {
		return 0, 0, 0
	}
	slices.Sort(ages)
	time.Sleep(3 * time.Second) // until nothing waits
	round := func(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
	return float64(len(ages)) / period.Seconds(), round(ages[len(ages)/2]), round(ages[len(ages)*99/100])
}
