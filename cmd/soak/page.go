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

const head = `# Faults that were tried

This page is written by ` + "`make soak`" + ` (` + "`cmd/soak`" + `) from what the long tests found. Do not edit it.

The guarantee: a job that was acknowledged ends in exactly one way that people can see: its images, an apology, or what
they chose themselves (a cancel, a deleted message). *Lost* counts jobs that never ended, *double* those that were seen
twice or against somebody's will; either is a failed test. *Recovery* is the longest time from the last fault of a row
until everything had ended. Where leases are short (1.5 s instead of 30 s), recoveries are short too. A cluster is a
bot, two renderers, a Redis and a small Discord of its own. Requests made while the bot was down or cut off count as
"refused or never acknowledged"; nothing was promised to them.

The fluid ideal divides every renderer's time among all who wait, and loads models in no time. Small servers wait at
most twice as long as in the ideal where loading takes no time. Where loading takes seconds, they also wait for the head
start of loaded models (twice the load time) and for the loading itself; the ideal has neither.

`

const foot = `
To repeat one: ` + "`DARKROOM_SOAK=1 DARKROOM_SEED=<seed> go test -run <test> <package>`" + `. A seed fixes the
requests, the faults and their planned times; the machine decides the rest.
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
			fmt.Fprintf(&b, "\n## %s\n\n", title(where))
			b.WriteString("| fault | tries | lost | double | recovery | found | seed | note |\n")
			b.WriteString("| --- | ---: | ---: | ---: | ---: | --- | --- | --- |\n")
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %s | %s | %s | %s |\n", cell(f.Fault), f.Tries, f.Lost, f.Double,
			formatMillis(f.Recovery), f.at.Format(time.DateOnly), seedOf(f), cell(f.Note))
	}
	b.WriteString(foot)
	return b.String()
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// cell escapes a text for a table cell.
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

// describeMachine describes the machine that this runs on.
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
