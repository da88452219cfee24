package worker

import (
	"image"
	"log/slog"
	"sync"
	"time"
)

const (
	// firstShowInterval is the least time between the first two progress edits. The next ones are twice as far apart each,
	// so that a job of two seconds shows more than its first step.
	firstShowInterval = 600 * time.Millisecond
	// showInterval is the least time between edits in the long run. Discord allows about five edits in five seconds per
	// channel, and other people's jobs share them.
	showInterval = 3 * time.Second
)

// progressReporter shows progress from a goroutine of its own, no more often than the intervals above. Its mailbox
// holds one update: the latest one wins, so each edit shows the newest state of its moment.
type progressReporter struct {
	show     func(percent int, preview func() image.Image) error
	log      *slog.Logger
	mailbox  chan progressUpdate
	stopping chan struct{}
	once     sync.Once
	exited   chan struct{}
}

type progressUpdate struct {
	percent int
	preview func() image.Image
}

func newProgressReporter(show func(int, func() image.Image) error, log *slog.Logger) *progressReporter {
	p := &progressReporter{
		show: show, log: log,
		mailbox: make(chan progressUpdate, 1), stopping: make(chan struct{}), exited: make(chan struct{}),
	}
	go p.run()
	return p
}

// report replaces an update that was not shown yet. It never blocks; only one goroutine at a time may call it.
func (p *progressReporter) report(percent int, preview func() image.Image) {
	select {
	case <-p.mailbox:
	default:
	}
	select {
	case p.mailbox <- progressUpdate{percent, preview}:
	default:
	}
}

// stop waits for the call that is running, so that no progress is shown over a result.
func (p *progressReporter) stop() {
	p.once.Do(func() { close(p.stopping) })
	<-p.exited
}

func (p *progressReporter) run() {
	defer close(p.exited)
	interval := firstShowInterval
	for {
		select {
		case <-p.stopping:
			return
		case n := <-p.mailbox:
			if p.isStopping() {
				return
			}
			due := time.After(interval)
			if err := catchPanic(func() error { return p.show(n.percent, n.preview) }); err != nil {
				p.log.Debug("cannot show progress", "error", err)
			}
			select {
			case <-p.stopping:
				return
			case <-due:
			}
			interval = min(2*interval, showInterval)
		}
	}
}

func (p *progressReporter) isStopping() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}
