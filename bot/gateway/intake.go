package gateway

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
)

const (
	// answerWithin is how old an interaction may be: after that Discord takes no answer.
	answerWithin = 3 * time.Second
	// rememberedIDs is how many interaction ids are kept, to recognise repeated events.
	rememberedIDs = 4096
	// intakeCapacity is how many interactions may wait for a handler. With more before it, one would wait too long.
	intakeCapacity = 512
)

// Why an interaction is dropped.
var (
	errRepeated   = errors.New("the event came before")
	errTooOld     = errors.New("the interaction is older than three seconds")
	errOverloaded = errors.New("too many interactions at once")
)

// intake accepts interactions: each once, only while it can still be answered, and only as many as there is room for.
type intake struct {
	now      func() time.Time
	requests chan command.Request

	mu        sync.Mutex
	seen      map[string]bool
	ring      [rememberedIDs]string
	next      int
	skew      time.Duration // how far our clock is ahead of Discord's, at most
	skewKnown bool          // skew is known
}

func newIntake(now func() time.Time) *intake {
	return &intake{now: now, requests: make(chan command.Request, intakeCapacity), seen: map[string]bool{}}
}

// accept reads an interaction and passes it on.
func (in *intake) accept(raw json.RawMessage) error {
	req, err := command.Decode(raw)
	if err != nil {
		return err
	}
	if err := in.check(req.ID); err != nil {
		return err
	}
	select {
	case in.requests <- req:
		return nil
	default:
		return errOverloaded
	}
}

func (in *intake) check(id string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.seen[id] {
		return errRepeated
	}
	delete(in.seen, in.ring[in.next])
	in.ring[in.next], in.seen[id] = id, true
	in.next = (in.next + 1) % rememberedIDs
	if in.tooOld(id) {
		return errTooOld
	}
	return nil
}

// tooOld compares an interaction's own time with ours. Clocks differ, so ages are relative to the youngest interaction
// seen. After one was dropped the next is accepted, so that a clock that was set cannot make all look too old.
func (in *intake) tooOld(id string) bool {
	created, ok := rest.SnowflakeTime(id)
	if !ok {
		return false
	}
	age := in.now().Sub(created)
	if !in.skewKnown || age < in.skew {
		in.skew, in.skewKnown = age, true
	}
	if age-max(0, in.skew) <= answerWithin {
		return false
	}
	in.skewKnown = false
	return true
}
