package bot

import (
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/command"
)

const (
	// answerWithin is how old an interaction may be before Discord has given it up.
	answerWithin = 3 * time.Second
	// remembered is how many interaction ids are kept to tell repeated events by.
	remembered = 4096
	// waitingRoom is how many interactions may wait for a worker. Each would have waited too long anyway when as many
	// are before it.
	waitingRoom = 512
)

// Why an interaction is not let in.
var (
	errRepeated = errors.New("the event came before")
	errTooOld   = errors.New("the interaction is older than three seconds")
	errCrowded  = errors.New("too many interactions at once")
)

// door lets interactions in: each once, only while it can still be answered, and no more than there is room for.
type door struct {
	now     func() time.Time
	workers int
	in      chan admit.Request

	mu    sync.Mutex
	seen  map[string]bool
	ring  [remembered]string
	next  int
	skew  time.Duration // how far our clock is ahead of Discord's, at most
	timed bool          // skew is known
}

func newDoor(now func() time.Time, workers int) *door {
	return &door{now: now, workers: workers, in: make(chan admit.Request, waitingRoom), seen: map[string]bool{}}
}

// knock reads an interaction and hands it to the workers.
func (d *door) knock(raw json.RawMessage) error {
	req, err := command.Decode(raw)
	if err != nil {
		return err
	}
	if err := d.admit(req.ID); err != nil {
		return err
	}
	select {
	case d.in <- req:
		return nil
	default:
		return errCrowded
	}
}

func (d *door) admit(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seen[id] {
		return errRepeated
	}
	delete(d.seen, d.ring[d.next])
	d.ring[d.next], d.seen[id] = id, true
	d.next = (d.next + 1) % remembered
	if d.tooOld(id) {
		return errTooOld
	}
	return nil
}

// tooOld compares an interaction's own time with ours. Clocks differ, so its age is counted beyond that of the youngest
// interaction seen; after one was turned away the next is let in, so that a clock that was set cannot close the door.
func (d *door) tooOld(id string) bool {
	born, ok := bornAt(id)
	if !ok {
		return false
	}
	age := d.now().Sub(born)
	if !d.timed || age < d.skew {
		d.skew, d.timed = age, true
	}
	if age-max(0, d.skew) <= answerWithin {
		return false
	}
	d.timed = false
	return true
}

// discordEpoch is the first millisecond of 2015, from which snowflakes count. Source: Discord, reference, "Snowflakes".
const discordEpoch = 1420070400000

// bornAt returns the time inside a snowflake.
func bornAt(id string) (time.Time, bool) {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil || n < 1<<22 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(n>>22) + discordEpoch), true
}
