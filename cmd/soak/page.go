package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const head = `# Faults tried and survived

This page is written by ` + "`make soak`" + ` (` + "`cmd/soak`" + `) from what the long forms of the tests found. Do not edit it.

What is promised: a job that was acknowledged ends in exactly one way that people can see: its pictures, an apology, or what
they themselves chose, a cancel or a deleted message. *Lost* counts jobs that never ended, *double* those that were seen
twice or against somebody's will; either is a failed test. *Recovery* is the longest time from the last fault of a row until
everything had ended; where leases are short (1.5 s instead of 30 s), so are the recoveries. A town is a bot, two renderers,
a Redis and a small Discord of its own. What was asked while the bot lay dead or could reach nothing is "refused or never
acknowledged": nothing was promised there.

The fluid ideal divides every renderer's time among all who wait at once, and loads models in no time. Small servers wait at
most twice as long where models load in no time. Where a model takes seconds to load, they also wait for the head start that
loaded models have (twice the load time) and for the loads themselves; the ideal knows neither.

`

const foot = `
To try one again: ` + "`DARKROOM_SOAK=1 DARKROOM_SEED=<seed> go test -run <test> <package>`" + `. A seed fixes what is asked, what is
killed and when it is meant to be; the machine decides the rest.
`

// page is the text of docs/reliability.md.
func page(reports []faultReport, machine string) string {
	var b strings.Builder
	b.WriteString(head)
	fmt.Fprintf(&b, "Machine: %s.\n", machine)
	kills, lost, double := 0, 0, 0
	for _, f := range reports {
		if strings.HasPrefix(f.Fault, "kill -9") && strings.HasPrefix(f.Where, "separate processes") {
			kills += f.Tries
		}
		lost, double = lost+f.Lost, double+f.Double
	}
	fmt.Fprintf(&b, "In all: %d real kills; %d lost, %d double.\n", kills, lost, double)
	where := ""
	for _, f := range reports {
		if f.Where != where {
			where = f.Where
			fmt.Fprintf(&b, "\n## %s\n\n| fault | tries | lost | double | recovery | found | seed | note |\n| --- | ---: | ---: | ---: | ---: | --- | --- | --- |\n", title(where))
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s | %s | %s | %s |\n", cell(f.Fault), f.Tries, f.Lost, f.Double, formatMillis(f.Recovery),
			f.at.Format(time.DateOnly), seedOf(f), cell(f.Note))
	}
	b.WriteString(foot)
	return b.String()
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// cell keeps a text in its column.
func cell(s string) string { return strings.NewReplacer("|", "/", "\n", " ").Replace(s) }

func seedOf(f faultReport) string {
	if f.Seed == 0 {
		return ""
	}
	return fmt.Sprint(f.Seed)
}

func formatMillis(ms int64) string {
	if ms == 0 {
		return ""
	}
	return max(time.Duration(ms)*time.Millisecond, 100*time.Millisecond).Round(100 * time.Millisecond).String()
}

// here says on what machine this runs.
func describeMachine(ctx context.Context) string {
	parts := []string{fmt.Sprintf("%d cores", runtime.NumCPU())}
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if m := regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`).FindSubmatch(b); m != nil {
			parts = append(parts, string(bytes.TrimSpace(m[1])))
		}
	}
	parts = append(parts, runtime.GOOS+"/"+runtime.GOARCH, runtime.Version())
	if out, err := exec.CommandContext(ctx, "redis-server", "--version").Output(); err == nil {
		if m := regexp.MustCompile(`v=([0-9.]+)`).FindSubmatch(out); m != nil {
			parts = append(parts, "Redis "+string(m[1]))
		}
	}
	return strings.Join(parts, ", ")
}
