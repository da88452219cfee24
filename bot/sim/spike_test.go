package sim

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/bot/sandbox"
)

func TestSpike(t *testing.T) {
	dir := t.TempDir()
	began := time.Now()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, 1, dir)
		if os.Getenv("V") != "" {
			w.log = slog.New(slog.NewTextHandler(os.Stderr, nil))
		}
		w.startBot()
		w.startRenderer("easel")
		w.ready()
		time.Sleep(10 * time.Second)
		v0 := time.Now()
		h := w.Home()
		ctx, c := context.WithTimeout(context.Background(), 10*time.Minute)
		defer c()
		for range 20 {
			i, err := w.Command(h.Member.ID, h.Channel.ID, "imagine", sandbox.With("prompt", "a red boat"))
			if err != nil {
				t.Fatal(err)
			}
			m, err := w.WaitReply(ctx, i.ID, func(m sandbox.Message) bool { return len(m.Attachments) > 0 })
			if err != nil {
				t.Fatal(err, m.Content)
			}
		}
		t.Log("virtual", time.Since(v0))
	})
	t.Log("real", time.Since(began))
}
