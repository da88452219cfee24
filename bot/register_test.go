package bot_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/wire"
)

func TestReplacedCommandsComeBack(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{Heartbeat: 50 * time.Millisecond})
	h.intervals.GatewayIdle, h.intervals.GatewayOpen = 800*time.Millisecond, 2*time.Second
	registrations := func() (n int) {
		for _, r := range h.sandbox.Rules().Requests() {
			if r.Method == http.MethodPut && strings.HasSuffix(r.Path, "/commands") {
				n++
			}
		}
		return n
	}
	stop := h.startBot()
	h.waitReady()
	h.pollUntil("it to be written down", func() bool { return h.hasCommandsMeta() })
	for range 2 {
		stop()
		stop = h.startBot()
		h.waitReady()
		h.waitText(h.command("queue"), "Queue:")
	}
	if n := registrations(); n != 1 {
		t.Errorf("registered %d times, want once", n)
	}
	stop()
	another := wire.Command{Name: "play", Type: 1, Description: "Play music"}
	if _, err := h.sandbox.Overwrite("", []wire.Command{another}); err != nil {
		t.Fatal(err)
	}
	h.startBot()
	h.waitReady()
	all := h.sandbox.Registered("")
	if len(all) != len(command.All()) {
		t.Errorf("Discord has %d commands, want ours", len(all))
	}
	// Also while the bot runs, when its next session begins.
	if _, err := h.sandbox.Overwrite("", []wire.Command{another}); err != nil {
		t.Fatal(err)
	}
	h.sandbox.Gateway.Invalidate(false)
	h.pollUntil("the commands to be back", func() bool { return len(h.sandbox.Registered("")) == len(command.All()) })
}

// hasCommandsMeta tells whether the bot has written down what it registered.
func (h *cluster) hasCommandsMeta() bool {
	text, err := h.db.Meta(h.ctx, "commands:"+h.sandbox.AppID())
	return err == nil && text != ""
}
