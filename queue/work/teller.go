package work

import (
	"image"
	"log/slog"
	"sync"
)

// teller passes progress on from a goroutine of its own. Its mailbox holds one piece of news: the latest wins.
type teller struct {
	show func(percent int, preview func() image.Image) error
	log  *slog.Logger
	mail chan news
	over chan struct{}
	once sync.Once
	end  chan struct{}
}

type news struct {
	percent int
	preview func() image.Image
}

func newTeller(show func(int, func() image.Image) error, log *slog.Logger) *teller {
	t := &teller{show: show, log: log, mail: make(chan news, 1), over: make(chan struct{}), end: make(chan struct{})}
	go t.run()
	return t
}

// tell replaces what was not shown yet. It never blocks; one goroutine at a time may call it.
func (t *teller) tell(percent int, preview func() image.Image) {
	select {
	case <-t.mail:
	default:
	}
	select {
	case t.mail <- news{percent, preview}:
	default:
	}
}

// stop waits for the call under way, so that no progress is shown over a result.
func (t *teller) stop() {
	t.once.Do(func() { close(t.over) })
	<-t.end
}

func (t *teller) run() {
	defer close(t.end)
	for {
		select {
		case <-t.over:
			return
		case n := <-t.mail:
			if t.stopped() {
				return
			}
			if err := safely(func() error { return t.show(n.percent, n.preview) }); err != nil {
				t.log.Debug("progress was not shown", "err", err)
			}
		}
	}
}

func (t *teller) stopped() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}
