package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"darkroom/cmd/darkroom/supervise"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/render/device"
	"darkroom/render/filehash"
)

// supervised says how to supervise a renderer's process with these settings, which leases its jobs from q.
func (s invocation) supervised(c config.Renderer, q *queue.Queue) supervise.Options {
	return supervise.Options{
		Command: func() (*exec.Cmd, error) {
			return supervise.Command("renderer", config.Environment(s.environ, s.settings.Log, c), s.stderr)
		},
		Died:        func(ctx context.Context) error { return q.RendererDied(ctx, c.Worker.Slot) },
		Blameless:   func(ctx context.Context) error { return q.ReleaseSlot(ctx, c.Worker.Slot) },
		StopTimeout: c.Leasing.Grace + c.Leasing.Lease + stopMargin,
		Log:         s.log,
	}
}

// slotNames are the names in the queue of the renderers of several devices: the slot's name with the device's. A lone
// device has the slot's name.
func slotNames(slot string, devices []device.Wanted) []string {
	if len(devices) == 1 {
		return []string{slot}
	}
	names, seen := make([]string, len(devices)), map[string]int{}
	for i, d := range devices {
		name := strings.ReplaceAll(d.String(), ":", "")
		if seen[name]++; seen[name] > 1 {
			name += "-" + strconv.Itoa(seen[name])
		}
		names[i] = slot + "-" + name
	}
	return names
}

// stopMargin is what a renderer that stops may take beside the time for its job: to post it, or to say that it
// failed, and to free the model.
const stopMargin = 30 * time.Second

// isSupervised tells whether this is a renderer's process that a supervisor started.
func (e environment) isSupervised() bool { return supervise.IsSupervised(e.getenv) }

// runSupervised is runProcess of a process that a supervisor started. A terminal, or a service manager, sends its
// signals to both processes: this one leaves them to the supervisor.
func runSupervised(env environment) int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	ctx, stop := context.WithCancel(context.Background()) //nolint:forbidigo // this is main of that process
	defer stop()
	go supervise.Obey(env.stdin, stop, func() { os.Exit(exitFailure) })
	return run(ctx, env)
}

func (e environment) reportOpened(r queue.Renderer) { supervise.Report{Opened: &r}.Send(e.stdout) }

func (e environment) reportReady() { supervise.Report{Ready: true}.Send(e.stdout) }

func (e environment) reportReads(files []filehash.File) {
	supervise.Report{Reads: files}.Send(e.stdout)
}

func (e environment) reportFault(err error) {
	supervise.Report{Fault: redact(err.Error())}.Send(e.stdout)
}
