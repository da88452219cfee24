package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

// eventLog notes what happens, in order.
type eventLog struct {
	mu    sync.Mutex
	lines []string
}

func (d *eventLog) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// waitingComponent runs until it is stopped, and notes its end.
func waitingComponent(d *eventLog, name string, started chan<- string) component {
	return component{name, func(ctx context.Context) error {
		started <- name
		<-ctx.Done()
		d.note(name + " finished")
		return ctx.Err()
	}}
}

func TestServe(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)

	t.Run("a stop ends the last first and waits for each", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		var d eventLog
		started := make(chan string, 3)
		result := make(chan error, 1)
		go func() {
			result <- serve(
				ctx, quiet, waitingComponent(&d, "page", started), waitingComponent(&d, "bot", started),
				waitingComponent(&d, "renderer", started),
			)
		}()
		for range 3 {
			<-started
		}
		cancel()
		if err := <-result; err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if want := []string{"renderer finished", "bot finished", "page finished"}; !slices.Equal(d.lines, want) {
			t.Errorf("got %q, want %q", d.lines, want)
		}
	})
	t.Run("the bot still runs while the renderer finishes its picture", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		ask, answer := make(chan struct{}), make(chan struct{})
		bot := component{"bot", func(ctx context.Context) error {
			for {
				select {
				case <-ask:
					answer <- struct{}{}
				case <-ctx.Done():
					return nil
				}
			}
		}}
		renderer := component{"renderer", func(ctx context.Context) error {
			cancel()
			<-ctx.Done()
			ask <- struct{}{} // would hang if the bot were gone
			<-answer
			return nil
		}}
		if err := serve(ctx, quiet, bot, renderer); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
	t.Run("a component that fails stops the others, in order", func(t *testing.T) {
		t.Parallel()
		var d eventLog
		started := make(chan string, 2)
		broken := errors.New("no gateway")
		bad := component{"bot", func(context.Context) error {
			<-started
			<-started
			return broken
		}}
		err := serve(
			t.Context(), quiet, waitingComponent(&d, "page", started), bad, waitingComponent(&d, "renderer", started),
		)
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "bot: no gateway") {
			t.Errorf("got %v, want bot: %v", err, broken)
		}
		if want := []string{"renderer finished", "page finished"}; !slices.Equal(d.lines, want) {
			t.Errorf("got %q, want %q", d.lines, want)
		}
	})
	t.Run("a component that just ends is an error", func(t *testing.T) {
		t.Parallel()
		err := serve(t.Context(), quiet, component{"bot", func(context.Context) error { return nil }})
		if !errors.Is(err, errEndedEarly) {
			t.Errorf("got %v, want %v", err, errEndedEarly)
		}
	})
}
