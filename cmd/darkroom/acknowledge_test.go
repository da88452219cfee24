//go:build cgo

package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
)

const (
	asksPerSecond = 100
	askPeriod     = 10 * time.Second
	ticksASecond  = 100 // of /proc/PID/stat: USER_HZ on Linux
)

// BenchmarkAcknowledge measures how long an /imagine waits for its answer when a hundred come each second: the whole
// program (up, with SQLite on disk and the queue in memory) against the sandbox, with real HTTP and a real gateway.
// Once its renderer's process is stopped, and once it renders the demo model all the time, on every core:
//
//	go test -run '^$' -bench Acknowledge -benchtime 1x ./cmd/darkroom
func BenchmarkAcknowledge(b *testing.B) {
	for _, name := range []string{"renderer stopped", "renderer busy"} {
		b.Run(name, func(b *testing.B) {
			needLibrary(b)
			var ages []time.Duration
			used := map[string]int{} // ticks
			for range b.N {
				run := startAcknowledged(b)
				if name == "renderer stopped" {
					if err := syscall.Kill(run.child, syscall.SIGSTOP); err != nil {
						b.Fatal(err)
					}
				}
				processes := map[string]int{
					"renderer": run.child, "bot": run.program.cmd.Process.Pid, "discord": os.Getpid(),
				}
				for who, pid := range processes {
					used[who] -= processorTicks(b, pid)
				}
				ages = append(ages, run.offer()...)
				for who, pid := range processes {
					used[who] += processorTicks(b, pid)
				}
				_ = syscall.Kill(run.child, syscall.SIGCONT)
				run.stop()
			}
			slices.Sort(ages)
			asked := b.N * asksPerSecond * int(askPeriod.Seconds())
			for share, unit := range map[int]string{50: "p50-ms", 99: "p99-ms", 100: "slowest-ms"} {
				b.ReportMetric(float64(ages[len(ages)*share/100-1].Microseconds())/1000, unit)
			}
			b.ReportMetric(float64(len(ages))/float64(asked)*100, "%_answered")
			for who, ticks := range used {
				b.ReportMetric(float64(ticks)/ticksASecond/(float64(b.N)*(askPeriod+ackTimeout).Seconds()), who+"-cores")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// needLibrary skips a benchmark where ONNX Runtime was not fetched.
func needLibrary(b *testing.B) {
	b.Helper()
	if _, err := os.Stat(library(b)); err != nil {
		b.Skipf("needs ONNX Runtime (make runtime): %v", err)
	}
}

// acknowledged is a program that is asked.
type acknowledged struct {
	*requests
	program *process
	child   int // its renderer's process

	mu       sync.Mutex
	answered map[string]time.Time // by interaction
}

func startAcknowledged(b *testing.B) *acknowledged {
	a := &acknowledged{answered: map[string]time.Time{}}
	a.requests = newRequests(newCluster(b, clusterOptions{realModels: true, usualLeases: true}), 200)
	a.Rules().Add("first answers", a.note)
	a.program = a.up()
	a.waitOnline()
	a.waitResult(a.submit(a.people[0], "a red boat", quickSteps).Interaction) // its model is loaded
	a.child = a.program.childPID(b)
	return a
}

// note notes the first answer to an interaction.
func (a *acknowledged) note(r rules.Request) []string {
	parts := strings.Split(r.Path, "/")
	if len(parts) < 5 || parts[1] != "interactions" || parts[4] != "callback" || r.Status >= 300 {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, known := a.answered[parts[2]]; !known {
		a.answered[parts[2]] = r.Time
	}
	return nil
}

// offer asks at a steady rate, and returns how long each answer took that came in time.
func (a *acknowledged) offer() (ages []time.Duration) {
	asked := map[string]time.Time{}
	began := time.Now()
	for n := 0; ; time.Sleep(time.Millisecond) {
		passed := time.Since(began)
		if passed >= askPeriod {
			break
		}
		for ; n < int(asksPerSecond*passed.Seconds()); n++ {
			at := time.Now()
			i, err := a.Command(a.people[n%len(a.people)], a.home.Channel.ID, "imagine",
				sandbox.With("prompt", fmt.Sprintf("a red boat on a blue sea, %d", n)), sandbox.With("count", 1))
			if err != nil {
				a.t.Fatal(err)
			}
			asked[i.ID] = at
		}
	}
	time.Sleep(ackTimeout)
	a.mu.Lock()
	defer a.mu.Unlock()
	for id := range maps.Keys(asked) {
		if at, ok := a.answered[id]; ok && at.Sub(asked[id]) <= ackTimeout {
			ages = append(ages, at.Sub(asked[id]))
		}
	}
	return ages
}

// stop ends the program: it has far more to render than anybody waits for.
func (a *acknowledged) stop() { a.program.kill() }

// processorTicks is what a process has used of the processors.
func processorTicks(b *testing.B, pid int) (ticks int) {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return ticks
}
