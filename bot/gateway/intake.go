package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
)

const (
	// answerWithin is how old an interaction may be: after that Discord takes no answer.
	answerWithin = 3 * time.Second
	// handlingReserve is how much of that time a handler gets. An interaction that has less left when its turn comes is
	// dropped: an answer that comes too late costs as much as one that somebody sees.
	handlingReserve = 1200 * time.Millisecond
	// newestFirstAfter is how long an interaction may wait before the newest ones are taken first. A handler that takes
	// the oldest first under overload answers each person at the last moment, or too late; one that takes the newest
	// first answers most of those it takes at once. Source: Maurer, "Fail at Scale", ACM Queue 13(8), 2015 (adaptive
	// LIFO).
	newestFirstAfter = 250 * time.Millisecond
	// congestedAfter is how long there must be too much to do without a break until no more than congestedWait is waited
	// for: a short stall should lose nobody, and in a lasting overload nobody is helped by an answer after a second.
	congestedAfter = 3 * time.Second
	congestedWait  = 500 * time.Millisecond
	// rememberedIDs is how many interaction ids are kept, to recognise repeated events.
	rememberedIDs = 4096
	// maxWaiting bounds the memory of what waits. It is more than arrives within answerWithin on any machine we know.
	maxWaiting = 8192
	// dropLogInterval is how often the log says how many interactions were dropped.
	dropLogInterval = 10 * time.Second
)

// Why an interaction is dropped.
var (
	errRepeated = errors.New("the event came before")
	errTooOld   = errors.New("the interaction is older than three seconds")
)

// waiting is an interaction that waits for a handler. It is decoded when it is taken: most work of those that are
// dropped is then never done.
type waiting struct {
	raw      json.RawMessage
	arrived  time.Time
	answerBy time.Time // Discord takes no answer after this
	takeBy   time.Time // a handler that takes it later has too little time
}

// intake accepts interactions: each once, and only while it can still be answered. How many may wait is a matter of
// time, not of number: what has waited too long is dropped when its turn comes, before any work is done on it.
type intake struct {
	now   func() time.Time
	log   *slog.Logger
	ready chan struct{} // holds a value when something waits

	mu        sync.Mutex
	waiting   []waiting // by arrival
	seen      map[string]bool
	ring      [rememberedIDs]string
	next      int
	skew      time.Duration // how far our clock is ahead of Discord's, at most
	skewKnown bool          // skew is known

	behindSince time.Time // since when the oldest has always waited for long; zero when it has not

	dropped int       // since the log said so
	logged  time.Time // when it did
}

func newIntake(now func() time.Time, log *slog.Logger) *intake {
	return &intake{now: now, log: log, ready: make(chan struct{}, 1), seen: map[string]bool{}}
}

// accept lets an interaction wait for a handler.
func (in *intake) accept(raw json.RawMessage) error {
	id, err := command.ReadID(raw)
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.repeated(id) {
		return errRepeated
	}
	now := in.now()
	left, ok := in.timeLeft(id, now)
	if !ok {
		in.countDropped()
		return errTooOld
	}
	in.waiting = append(in.waiting, waiting{
		raw: raw, arrived: now, answerBy: now.Add(left), takeBy: now.Add(max(left-handlingReserve, newestFirstAfter)),
	})
	if len(in.waiting) > maxWaiting {
		in.dropOldest()
	}
	in.signal()
	return nil
}

// take waits for an interaction and returns it; false when ctx is done.
func (in *intake) take(ctx context.Context) (command.Request, bool) {
	for ctx.Err() == nil {
		w, ok := in.pop()
		if !ok {
			select {
			case <-ctx.Done():
			case <-in.ready:
			}
			continue
		}
		req, err := command.Decode(w.raw)
		if err != nil {
			in.log.Warn("interaction dropped", "error", err)
			continue
		}
		req.AnswerBy = w.answerBy
		return req, true
	}
	return command.Request{}, false
}

// pop takes the oldest interaction out, or the newest when the oldest has waited for long. It drops those for which it
// is too late.
func (in *intake) pop() (waiting, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := in.now()
	for len(in.waiting) > 0 {
		if in.tooLate(in.waiting[0], now) {
			in.dropOldest()
			continue
		}
		at := 0
		if in.noteOldest(now.Sub(in.waiting[0].arrived), now) {
			at = len(in.waiting) - 1
		}
		w := in.waiting[at]
		in.remove(at)
		if in.tooLate(w, now) { // it was slow to arrive
			in.countDropped()
			continue
		}
		if len(in.waiting) > 0 {
			in.signal()
		}
		return w, true
	}
	in.behindSince = time.Time{}
	in.reportDropped()
	return waiting{}, false
}

// noteOldest takes how long the oldest has waited, and tells whether the handlers are behind, so that the newest should
// be taken first.
func (in *intake) noteOldest(waited time.Duration, now time.Time) (behind bool) {
	switch {
	case waited <= newestFirstAfter:
		in.behindSince = time.Time{}
		return false
	case in.behindSince.IsZero():
		in.behindSince = now
	}
	return true
}

// tooLate tells whether a handler should not begin with an interaction any more.
func (in *intake) tooLate(w waiting, now time.Time) bool {
	congested := !in.behindSince.IsZero() && now.Sub(in.behindSince) > congestedAfter
	return now.After(w.takeBy) || congested && now.Sub(w.arrived) > congestedWait
}

// remove takes the first or the last out of what waits.
func (in *intake) remove(at int) {
	in.waiting[at] = waiting{} // its bytes are not needed any more
	if at == 0 {
		in.waiting = in.waiting[1:]
		return
	}
	in.waiting = in.waiting[:at]
}

func (in *intake) dropOldest() {
	in.remove(0)
	in.countDropped()
}

// countDropped counts one that was dropped. The log tells the number now and then: a line for each would cost as much
// as an answer.
func (in *intake) countDropped() {
	in.dropped++
	in.reportDropped()
}

func (in *intake) reportDropped() {
	if now := in.now(); in.dropped > 0 && now.Sub(in.logged) >= dropLogInterval {
		in.log.Warn("interactions were dropped: they came too late, or too many at once", "dropped", in.dropped)
		in.dropped, in.logged = 0, now
	}
}

// signal wakes one handler. That one wakes the next if more is waiting.
func (in *intake) signal() {
	select {
	case in.ready <- struct{}{}:
	default:
	}
}

// repeated tells whether an event came before, and remembers it.
func (in *intake) repeated(id string) bool {
	if in.seen[id] {
		return true
	}
	delete(in.seen, in.ring[in.next])
	in.ring[in.next], in.seen[id] = id, true
	in.next = (in.next + 1) % rememberedIDs
	return false
}

// timeLeft is how long Discord still takes an answer to an interaction; false when it does not any more. It compares
// the interaction's own time with ours. Clocks differ, so ages are relative to the youngest interaction seen. After one
// was dropped the next is accepted, so that a clock that was set cannot make all look too old.
func (in *intake) timeLeft(id string, now time.Time) (left time.Duration, ok bool) {
	created, ok := rest.SnowflakeTime(id)
	if !ok {
		return answerWithin, true
	}
	age := now.Sub(created)
	if !in.skewKnown || age < in.skew {
		in.skew, in.skewKnown = age, true
	}
	left = answerWithin - (age - max(0, in.skew))
	if left < 0 {
		in.skewKnown = false
		return 0, false
	}
	return left, true
}
