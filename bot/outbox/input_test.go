package outbox

import (
	"context"
	"errors"
	"testing"
	"time"

	"darkroom/bot/rest"
)

func TestInputPicturesAreDecodedOneAtATime(t *testing.T) {
	t.Parallel()
	c := &copier{decodeSlot: make(chan struct{}, 1)}
	c.decodeSlot <- struct{}{} // another one is being decoded
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := c.clean(ctx, []byte("no picture")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want it to wait for the other one", err)
	}
	<-c.decodeSlot
	for range 2 {
		if _, err := c.clean(t.Context(), []byte("no picture")); !errors.As(err, new(*rest.FetchError)) {
			t.Errorf("got %v, want an error that is for good", err)
		}
	}
}
