package outbox

import (
	"context"
	"darkroom/bot/rest"
	"errors"
	"testing"
	"time"
)

func TestInputPicturesAreDecodedOneAtATime(t *testing.T) {
	t.Parallel()
	o := &Outbox{decodeSlot: make(chan struct{}, 1)}
	o.decodeSlot <- struct{}{} // another one is being decoded
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := o.cleanInput(ctx, []byte("no picture")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want it to wait for the other one", err)
	}
	<-o.decodeSlot
	for range 2 {
		if _, err := o.cleanInput(t.Context(), []byte("no picture")); !errors.As(err, new(*rest.FetchError)) {
			t.Errorf("got %v, want an error that is for good", err)
		}
	}
}
