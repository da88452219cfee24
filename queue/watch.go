package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"darkroom/queue/backoff"
)

const (
	maxBlock         = 2 * time.Second // limit of one read: a dead connection is noticed, and no event is late for longer
	maxEventsPerRead = 256             // events in one read
)

// newestEventID returns the position of the newest event.
func (q *Queue) newestEventID(ctx context.Context, db redis.UniversalClient) (string, error) {
	newest, err := db.XRevRangeN(ctx, q.opts.eventsKey(), "+", "-", 1).Result()
	if err != nil {
		return "", fmt.Errorf("find newest event: %w", err)
	}
	if len(newest) == 0 {
		return "0-0", nil
	}
	return newest[0].ID, nil
}

// Watch calls handle with every event after from, in order, until ctx ends or handle returns an error, which Watch
// returns. From is an Event's ID, "" for events from now on, or "0-0" for all that are kept. The stream is trimmed, so
// a caller that was away for long may miss events. Watch reconnects and returns no error for a lost connection.
func (q *Queue) Watch(ctx context.Context, from string, handle func(Event) error) error {
	db := q.newClient() // its own client: a blocking read keeps its connection, and only closing it ends the read
	stop := context.AfterFunc(ctx, func() { _ = db.Close() })
	defer func() {
		if stop() {
			_ = db.Close()
		}
	}()
	w := watcher{q: q, db: db, lastID: from, handle: handle}
	pause := backoff.New(50*time.Millisecond, maxBlock)
	for ctx.Err() == nil {
		switch err := w.step(ctx); {
		case errors.As(err, new(handlerError)):
			return errors.Unwrap(err)
		case err != nil:
			w.positionChecked = false
			_ = pause.Wait(ctx) // the loop ends with ctx
		default:
			pause.Reset()
		}
	}
	return context.Cause(ctx)
}

// handlerError is an error of the caller's function.
type handlerError struct{ error }

// Unwrap returns it.
func (e handlerError) Unwrap() error { return e.error }

type watcher struct {
	q               *Queue
	db              redis.UniversalClient
	lastID          string // position of the last event seen
	positionChecked bool   // lastID is on this server's stream
	handle          func(Event) error
}

// step reads once, waiting for up to maxBlock.
func (w *watcher) step(ctx context.Context) error {
	if !w.positionChecked {
		if err := w.checkPosition(ctx); err != nil {
			return err
		}
	}
	streams, err := w.db.XRead(ctx, &redis.XReadArgs{
		Streams: []string{w.q.opts.eventsKey(), w.lastID}, Count: maxEventsPerRead, Block: maxBlock,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	for _, m := range streams[0].Messages {
		if err := w.handle(readEvent(m)); err != nil {
			return handlerError{err}
		}
		w.lastID = m.ID
	}
	return nil
}

// checkPosition corrects the position: a server that lost its data may have a stream that ends before it.
func (w *watcher) checkPosition(ctx context.Context) error {
	last, err := w.q.newestEventID(ctx, w.db)
	if err != nil {
		return err
	}
	if w.lastID == "" {
		w.lastID = last
	}
	if later(w.lastID, last) {
		w.lastID = "0-0"
	}
	w.positionChecked = true
	return nil
}

// later compares positions, "milliseconds-number".
func later(a, b string) bool {
	am, an := parseEventID(a)
	bm, bn := parseEventID(b)
	return am > bm || am == bm && an > bn
}

func parseEventID(id string) (ms, n uint64) {
	left, right, _ := strings.Cut(id, "-")
	ms, _ = strconv.ParseUint(left, 10, 64) // a malformed position counts as the start
	n, _ = strconv.ParseUint(right, 10, 64)
	return ms, n
}

func readEvent(m redis.XMessage) Event {
	text := func(field string) string { s, _ := m.Values[field].(string); return s }
	e := Event{ID: m.ID, Kind: EventKind(text("kind")), Job: text("job"), Reason: text("reason")}
	e.Percent, _ = strconv.Atoi(text("percent")) // 0 where there is none
	e.Crashes, _ = strconv.Atoi(text("crashes"))
	var o Outcome
	if s := text("outcome"); s != "" && json.Unmarshal([]byte(s), &o) == nil {
		e.Outcome = &o
	}
	return e
}
