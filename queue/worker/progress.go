package worker

import (
	"image"
	"log/slog"
	"sync"
)

// teller passes progress on from a goroutine of its own. Its mailbox holds one piece of news: the latest wins.
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
	t := &progressReporter{show: show, log: log, mailbox: make(chan progressUpdate, 1), stopping: make(chan struct{}), exited: make(chan struct{})}
	go t.run()
	return t
}

// tell replaces what was not shown yet. It never blocks; one goroutine at a time may call it.
func (t *progressReporter) report(percent int, preview func() image.Image) {
	select {
	case <-t.mailbox:
	default:
	}
	select {
	case t.mailbox <- progressUpdate{percent, preview}:
	default:
	}
}

// stop waits for the call under way, so that no progress is shown over a result.
func (t *progressReporter) stop() {
	t.once.Do(func() { close(t.stopping) })
	<-t.exited
}

func (t *progressReporter) run() {
	defer close(t.exited)
	for {
		select {
		case <-t.stopping:
			return
		case n := <-t.mailbox:
			if t.isStopping() {
				return
			}
			if err := catchPanic(func() error { return t.show(n.percent, n.preview) }); err != nil {
				t.log.Debug("progress was not shown", "err", err)
			}
		}
	}
}

func (t *progressReporter) isStopping() bool {
	select {
	case <-t.stopping:
		return true
	default:
		return false
	}
}
