package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"darkroom/bot/command"
)

// snowflake is an id that was made at a time.
func snowflake(at time.Time, n int) string {
	return fmt.Sprint(uint64(at.UnixMilli()-discordEpoch)<<22 | uint64(n))
}

func TestDoor(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	knock := func(d *door, id string) error {
		return d.knock(json.RawMessage(`{"id":"` + id + `","token":"t","type":2,"data":{"name":"queue"}}`))
	}
	t.Run("lets an interaction in once", func(t *testing.T) {
		t.Parallel()
		d := newDoor(func() time.Time { return start }, 1)
		id := snowflake(start, 1)
		if err := knock(d, id); err != nil {
			t.Fatal(err)
		}
		if err := knock(d, id); !errors.Is(err, errRepeated) {
			t.Errorf("the second time: got %v, want errRepeated", err)
		}
	})
	t.Run("turns away what is too old to be answered", func(t *testing.T) {
		t.Parallel()
		d := newDoor(func() time.Time { return start }, 1)
		if err := knock(d, snowflake(start.Add(-100*time.Millisecond), 1)); err != nil {
			t.Fatal(err)
		}
		if err := knock(d, snowflake(start.Add(-4*time.Second), 2)); !errors.Is(err, errTooOld) {
			t.Errorf("got %v, want errTooOld", err)
		}
	})
	t.Run("does not trust that the two clocks agree", func(t *testing.T) {
		t.Parallel()
		now := start.Add(time.Hour) // an hour ahead of Discord's
		d := newDoor(func() time.Time { return now }, 1)
		for n := range 3 {
			if err := knock(d, snowflake(start, n)); err != nil {
				t.Errorf("with a clock an hour ahead: got %v, want it let in", err)
			}
		}
		now = now.Add(time.Hour) // set forward once more
		if err := knock(d, snowflake(start, 10)); !errors.Is(err, errTooOld) {
			t.Errorf("right after the clock was set: got %v, want errTooOld once", err)
		}
		if err := knock(d, snowflake(start, 11)); err != nil {
			t.Errorf("after that: got %v, want it let in", err)
		}
	})
	t.Run("is bounded", func(t *testing.T) {
		t.Parallel()
		d := newDoor(func() time.Time { return start }, 1)
		for n := range waitingRoom {
			if err := knock(d, snowflake(start, n)); err != nil {
				t.Fatal(err)
			}
		}
		if err := knock(d, snowflake(start, waitingRoom)); !errors.Is(err, errCrowded) {
			t.Errorf("got %v, want errCrowded", err)
		}
		for n := range 2 * remembered {
			_ = knock(d, snowflake(start, n))
		}
		if len(d.seen) > remembered {
			t.Errorf("ids remembered: got %d, want at most %d", len(d.seen), remembered)
		}
	})
	t.Run("knows an interaction without a time in its id", func(t *testing.T) {
		t.Parallel()
		d := newDoor(func() time.Time { return start }, 1)
		if err := knock(d, "7"); err != nil {
			t.Error(err)
		}
		if err := d.knock(json.RawMessage(`{}`)); !errors.Is(err, command.ErrUnanswerable) {
			t.Errorf("got %v, want ErrUnanswerable", err)
		}
	})
}
