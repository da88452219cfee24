package queue

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// BenchmarkGrowth times each step of a job for one caller, in queues of a hundred to a hundred thousand jobs over ten
// thousand servers. The time of a step should hardly grow with the queue.
func BenchmarkGrowth(b *testing.B) {
	for _, backlog := range []int{100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint("jobs=", backlog), func(b *testing.B) {
			r := newBenchQueue(b, backlog, 10_000, 3)
			took := map[string]time.Duration{}
			for b.Loop() {
				r.timeSteps(b, took)
			}
			for step, d := range took {
				b.ReportMetric(float64(d.Microseconds())/float64(b.N), step+"-µs")
			}
		})
	}
}

// timeSteps takes one job through the queue and adds up what each step takes.
func (r *benchQueue) timeSteps(b *testing.B, took map[string]time.Duration) {
	i := r.next
	r.next++
	var l []Lease
	var err error
	took["enqueue"] += timed(func() { r.enqueue(b, i) })
	took["reserve"] += timed(func() { l, err = r.Reserve(b.Context(), "w", fmt.Sprint("n", i), r.capacity()) })
	if err != nil || len(l) != 1 {
		b.Fatalf("reserved %d jobs, error %v; want one", len(l), err)
	}
	took["heartbeat"] += timed(func() {
		_, err = r.Heartbeat(b.Context(), "w", []HeldLease{{ID: l[0].Job.ID, Token: l[0].Token}})
	})
	if err == nil {
		took["seal"] += timed(func() { _, err = r.Seal(b.Context(), l[0]) })
	}
	if err == nil {
		took["done"] += timed(func() { _, err = r.Done(b.Context(), l[0], 1000, Outcome{}) })
	}
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkReserveByFifty has fifty renderers ask as fast as they can, with ten thousand jobs over a thousand servers.
// "reserve-p99-ms" is what a renderer waits for its answer when fifty ask at once; each also calls Done and enqueues a
// new job for the one it took.
func BenchmarkReserveByFifty(b *testing.B) {
	r := newBenchQueue(b, 10_000, 1_000, 3)
	watch := &stopwatch{}
	const round = 1000
	for b.Loop() {
		first := r.next
		r.next += round
		inParallel(50, round, func(i int) { r.leaseAndReplace(b, watch, fmt.Sprint("w", i%50), first+i) })
	}
	b.ReportMetric(watch.at(0.5), "reserve-p50-ms")
	b.ReportMetric(watch.at(0.99), "reserve-p99-ms")
	b.ReportMetric(float64(round*b.N)/b.Elapsed().Seconds(), "cycles/s")
}

// leaseAndReplace takes a job, ends it and enqueues another one.
func (r *benchQueue) leaseAndReplace(b *testing.B, watch *stopwatch, slot string, i int) {
	begun := time.Now()
	l, err := r.Reserve(b.Context(), slot, fmt.Sprint("n", i), r.capacity())
	watch.note(time.Since(begun))
	if err != nil || len(l) != 1 {
		b.Errorf("reserved %d jobs, error %v; want one", len(l), err)
		return
	}
	if _, err := r.Done(b.Context(), l[0], 1000, Outcome{}); err != nil {
		b.Error(err)
	}
	r.enqueue(b, i)
}

// BenchmarkScripts measures the processor time of the server for each script, including reads and writes to the client,
// and how many commands it calls.
func BenchmarkScripts(b *testing.B) {
	const round = 500
	r := newBenchQueue(b, 1000, 300, 3)
	spent, commands, n := map[string]float64{}, map[string]float64{}, 0
	for b.Loop() {
		leases := make([]Lease, round)
		r.phase(b, "enqueue", spent, commands, round, func(i int) { r.enqueue(b, r.next+i) })
		r.phase(b, "reserve", spent, commands, round, func(i int) {
			l, err := r.Reserve(b.Context(), "w", fmt.Sprint("n", r.next+i), r.capacity())
			if err != nil || len(l) != 1 {
				b.Fatalf("reserved %d jobs, error %v; want one", len(l), err)
			}
			leases[i] = l[0]
		})
		r.phase(b, "seal", spent, commands, round, func(i int) { _, _ = r.Seal(b.Context(), leases[i]) })
		r.phase(b, "done", spent, commands, round, func(i int) { _, _ = r.Done(b.Context(), leases[i], 1000, Outcome{}) })
		r.next += round
		n += round
	}
	for step := range spent {
		b.ReportMetric(spent[step]/float64(n), step+"-cpu-µs")
		b.ReportMetric(commands[step]/float64(n), step+"-commands")
	}
}

// phase adds up what the server spends on n scripts of a kind.
func (r *benchQueue) phase(b *testing.B, step string, spent, commands map[string]float64, n int, do func(i int)) {
	r.resetStat(b)
	before := r.cpu(b)
	for i := range n {
		do(i)
	}
	spent[step] += r.cpu(b) - before
	total, scripts := r.commands(b)
	commands[step] += total - scripts
}

func (r *benchQueue) resetStat(b *testing.B) {
	if err := r.db.ConfigResetStat(b.Context()).Err(); err != nil {
		b.Fatal(err)
	}
}

// cpu is the processor time that the server has used so far, in microseconds: it does not depend on the machine's other
// load.
func (r *benchQueue) cpu(b *testing.B) (usec float64) {
	text, err := r.db.Info(context.Background(), "cpu").Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(text) {
		var seconds float64
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if strings.HasSuffix(name, "_main_thread") {
			if _, err := fmt.Sscan(value, &seconds); err != nil {
				b.Fatalf("read %q: %v", line, err)
			}
			usec += 1e6 * seconds
		}
	}
	return usec
}

// commands reads how many commands were called, including those within scripts, and how many scripts.
func (r *benchQueue) commands(b *testing.B) (total, scripts float64) {
	text, err := r.db.Info(context.Background(), "commandstats").Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(text) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		var calls float64
		if _, err := fmt.Sscanf(rest, "calls=%f", &calls); err != nil {
			b.Fatalf("read %q: %v", line, err)
		}
		total += calls
		if strings.HasPrefix(name, "cmdstat_eval") {
			scripts += calls
		}
	}
	return total, scripts
}
