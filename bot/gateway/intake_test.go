package gateway

import (
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
)

// snowflake is an id that was made at a time.
func snowflake(at time.Time, n int) string {
	first, _ := strconv.ParseUint(rest.Snowflake(at), 10, 64)
	return strconv.FormatUint(first+uint64(n), 10)
}

var quiet = slog.New(slog.DiscardHandler)

func TestIntake(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	accept := func(in *intake, id string) error {
		return in.accept(json.RawMessage(`{"id":"` + id + `","token":"t","type":2,"data":{"name":"queue"}}`))
	}
	t.Run("lets an interaction in once", func(t *testing.T) {
		t.Parallel()
		in := newIntake(func() time.Time { return start }, quiet)
		id := snowflake(start, 1)
		if err := accept(in, id); err != nil {
			t.Fatal(err)
		}
		if err := accept(in, id); !errors.Is(err, errRepeated) {
			t.Errorf("the second time: got %v, want errRepeated", err)
		}
	})
	t.Run("turns away what is too old to be answered", func(t *testing.T) {
		t.Parallel()
		in := newIntake(func() time.Time { return start }, quiet)
		if err := accept(in, snowflake(start.Add(-100*time.Millisecond), 1)); err != nil {
			t.Fatal(err)
		}
		if err := accept(in, snowflake(start.Add(-4*time.Second), 2)); !errors.Is(err, errTooOld) {
			t.Errorf("got %v, want errTooOld", err)
		}
	})
	t.Run("does not trust that the two clocks agree", func(t *testing.T) {
		t.Parallel()
		now := start.Add(time.Hour) // an hour ahead of Discord's
		in := newIntake(func() time.Time { return now }, quiet)
		for n := range 3 {
			if err := accept(in, snowflake(start, n)); err != nil {
				t.Errorf("with a clock an hour ahead: got %v, want it let in", err)
			}
		}
		now = now.Add(time.Hour) // set forward once more
		if err := accept(in, snowflake(start, 10)); !errors.Is(err, errTooOld) {
			t.Errorf("right after the clock was set: got %v, want errTooOld once", err)
		}
		if err := accept(in, snowflake(start, 11)); err != nil {
			t.Errorf("after that: got %v, want it let in", err)
		}
	})
	t.Run("is bounded", func(t *testing.T) {
		t.Parallel()
		in := newIntake(func() time.Time { return start }, quiet)
		for n := range 2 * maxWaiting {
			if err := accept(in, snowflake(start, n)); err != nil {
				t.Fatal(err)
			}
		}
		if len(in.waiting) != maxWaiting || len(in.seen) > rememberedIDs {
			t.Errorf("got %d that wait and %d ids, want at most %d and %d",
				len(in.waiting), len(in.seen), maxWaiting, rememberedIDs)
		}
	})
	t.Run("knows an interaction without a time in its id", func(t *testing.T) {
		t.Parallel()
		in := newIntake(func() time.Time { return start }, quiet)
		if err := accept(in, "7"); err != nil {
			t.Error(err)
		}
		if err := in.accept(json.RawMessage(`{}`)); !errors.Is(err, command.ErrUnanswerable) {
			t.Errorf("got %v, want ErrUnanswerable", err)
		}
	})
}
