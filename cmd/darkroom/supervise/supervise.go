// Package supervise keeps a renderer's process running beside the process that a person started. So a crash or a hang
// of the runtime ends that process alone.
//
// The supervisor starts the process, stops it, and starts another one when it dies. The two talk through the standard
// streams of the renderer's process: on its input it is told to stop, and the end of the input means that the
// supervisor is dead. On its output it reports how far it got; what else is written there goes to its log.
package supervise

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/exec"
	"runtime"
	"sync/atomic"
	"time"

	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/render/filehash"
)

const (
	minRestartPause = 100 * time.Millisecond // about; doubled with each death
	maxRestartPause = 30 * time.Second
	steadyTime      = time.Minute // a process that lived so long did not die of its start
	maxEarlyDeaths  = 3           // before any process was ready: the next one would not be either
	diedTimeout     = 5 * time.Second
)

// stopWord is the line that tells a renderer's process to stop.
const stopWord = "stop\n"

// Report is what a renderer's process says about itself, as a line of JSON.
type Report struct {
	Opened *queue.Renderer `json:"opened,omitempty"` // it found models, and can be asked for these
	Ready  bool            `json:"ready,omitempty"`  // it renders from now on
	Reads  []filehash.File `json:"reads,omitempty"`  // files that it is about to use
	Fault  string          `json:"fault,omitempty"`  // why it ends
}

// Options of a Supervisor. All of them are needed.
type Options struct {
	Command     func() (*exec.Cmd, error)   // makes the process; its input and output are the supervisor's
	Died        func(context.Context) error // tells the queue that the process is dead
	Blameless   func(context.Context) error // the same where it died of a file that changed, and not of its jobs
	StopTimeout time.Duration               // a process that needs longer to stop is killed
	Log         *slog.Logger
}

// Supervisor keeps one renderer process running.
type Supervisor struct {
	Options
	opened chan queue.Renderer // of the first process that found models
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // readable once ended is closed
}

// New makes a supervisor. Nothing runs yet.
func New(o Options) *Supervisor { return &Supervisor{Options: o} }

// Start starts the first process. Whoever calls it calls Stop.
func (s *Supervisor) Start(ctx context.Context) {
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.opened, s.ended = make(chan queue.Renderer, 1), make(chan struct{})
	go func() {
		defer close(s.ended)
		s.err = s.keepRunning(ctx)
	}()
}

// WaitOpened waits until a process found models, and returns what can be asked for. An error says why there will be
// none.
func (s *Supervisor) WaitOpened(ctx context.Context) (queue.Renderer, error) {
	select {
	case r := <-s.opened:
		return r, nil
	case <-s.ended:
		return queue.Renderer{}, s.err
	case <-ctx.Done():
		return queue.Renderer{}, context.Cause(ctx)
	}
}

// Run waits until ctx ends and then stops the renderer, or returns why there is none any more.
func (s *Supervisor) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-s.ended:
	}
	s.Stop()
	return s.err
}

// Stop has the process finish its image, or release it, and waits for the end of the process.
func (s *Supervisor) Stop() {
	s.cancel()
	<-s.ended
}

// keepRunning runs one process after the other until ctx ends, or until it is clear that none would be ready.
func (s *Supervisor) keepRunning(ctx context.Context) error {
	ready := false
	pause, deaths := backoff.New(minRestartPause, maxRestartPause), 0
	for {
		began := time.Now()
		p := s.runProcess(ctx)
		queueErr := s.reportDeath(ctx, p)
		if ctx.Err() != nil {
			if p.err != nil {
				s.Log.Warn("the renderer process did not stop in order", "error", p.err, "queue", queueErr)
			}
			return nil
		}
		deaths++
		ready = ready || p.ready.Load()
		switch {
		case !ready && p.fault != "":
			return errors.New(p.fault)
		case !ready && deaths == maxEarlyDeaths:
			return fmt.Errorf("the renderer process died %d times before it was ready: %w", deaths, p.err)
		case time.Since(began) > steadyTime:
			pause.Reset()
		}
		wait := pause.Next()
		args := []any{
			"error", p.reason(), "lived", time.Since(began).Round(time.Millisecond), "pause", wait.Round(time.Millisecond),
		}
		if queueErr != nil {
			args = append(args, "queue", queueErr)
		}
		s.Log.Error("the renderer process died and is started again", args...)
		if backoff.Sleep(ctx, wait) != nil {
			return nil
		}
	}
}

// reportDeath tells the queue of a process that did not end in order, so that nobody waits until its leases run out.
// One that had a file which changed under it died of that, as far as anybody can tell: its jobs did not kill it.
func (s *Supervisor) reportDeath(ctx context.Context, p *childProcess) error {
	if p.err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), diedTimeout)
	defer cancel()
	died := s.Died
	if path, changed := writtenTo(p.reads); changed {
		died = s.Blameless
		s.Log.Warn("a file changed while the renderer process used it: replace files by renaming", "file", path)
	}
	if err := died(ctx); err != nil && !errors.Is(err, queue.ErrEpoch) { // a queue without an epoch holds nothing
		return err
	}
	return nil
}

// childProcess is one run of a renderer's process.
type childProcess struct {
	ready atomic.Bool
	reads []filehash.File
	fault string // what it reported
	err   error  // how it ended; nil for an end in order
}

// reason is why the process ended, as well as it is known.
func (p *childProcess) reason() string {
	if p.fault != "" {
		return p.fault
	}
	return p.err.Error()
}

// errNotAsked is the fault of a process that ended in order although nobody asked it to.
var errNotAsked = errors.New("it ended although nobody stopped it")

// runProcess starts a process and returns when it has ended, which it is told to when ctx ends.
func (s *Supervisor) runProcess(ctx context.Context) *childProcess {
	p := &childProcess{}
	cmd, err := s.Command()
	var stdin io.WriteCloser
	var stdout io.ReadCloser
	if err == nil {
		stdin, err = cmd.StdinPipe()
	}
	if err == nil {
		stdout, err = cmd.StdoutPipe()
	}
	if err != nil {
		p.err = err
		return p
	}
	started, ended := make(chan struct{}), make(chan struct{})
	go func() {
		// Linux kills the process when the thread that started it ends, so the thread waits here. It is not unlocked: its
		// low priority, which the process inherits, ends with it.
		runtime.LockOSThread()
		defer close(ended)
		lowerPriority()
		p.err = cmd.Start()
		close(started)
		if p.err == nil {
			s.readReports(stdout, cmd, p)
			p.err = cmd.Wait()
		}
	}()
	<-started
	select {
	case <-ended:
	case <-ctx.Done():
		_, _ = io.WriteString(stdin, stopWord) // fails when it has just ended
		kill := time.AfterFunc(s.StopTimeout, func() { _ = cmd.Process.Kill() })
		<-ended
		kill.Stop()
	}
	if p.err == nil && ctx.Err() == nil {
		p.err = errNotAsked
	}
	return p
}

// maxReport is how long a report may be: it holds the cards of all models.
const maxReport = 16 << 20

// readReports reads what a process reports until its output ends. What else is written there, by a library, goes
// where the process logs.
func (s *Supervisor) readReports(stdout io.Reader, cmd *exec.Cmd, p *childProcess) {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, maxReport)
	for lines.Scan() {
		var r Report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			fmt.Fprintln(cmd.Stderr, lines.Text())
			continue
		}
		if r.Opened != nil {
			s.Log.Info("the renderer process started", "pid", cmd.Process.Pid)
			select {
			case s.opened <- *r.Opened:
			default:
			}
		}
		if r.Ready {
			p.ready.Store(true)
		}
		p.reads = append(p.reads, r.Reads...)
		if r.Fault != "" {
			p.fault = r.Fault
		}
	}
	_, _ = io.Copy(io.Discard, stdout) // after a line that is too long
}
