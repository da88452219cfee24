package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"darkroom/cmd/darkroom/supervise"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/filehash"
)

// newSupervisor makes a supervisor of a renderer with these settings, which leases its jobs from q.
func newSupervisor(s invocation, c config.Renderer, q *queue.Queue) *supervise.Supervisor {
	if c.Worker.Slot == "" {
		c.Worker.Slot = worker.DefaultSlot()
	}
	return supervise.New(supervise.Options{
		Command: func() (*exec.Cmd, error) {
			return supervise.Command("renderer", config.Environment(s.environ, s.settings.Log, c), s.stderr)
		},
		Died:        func(ctx context.Context) error { return q.RendererDied(ctx, c.Worker.Slot) },
		Blameless:   func(ctx context.Context) error { return q.ReleaseSlot(ctx, c.Worker.Slot) },
		StopTimeout: c.Leasing.Grace + c.Leasing.Lease + stopMargin,
		Log:         s.log,
	})
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
