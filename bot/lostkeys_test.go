package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// newRedisQueue gives the cluster a queue on a server that loses the keys that a test deletes.
func (h *cluster) newRedisQueue() *miniredis.Miniredis {
	h.t.Helper()
	server := miniredis.RunT(h.t)
	h.queue = queue.Open(func() redis.UniversalClient {
		return redis.NewClient(&redis.Options{Addr: server.Addr(), ContextTimeoutEnabled: true})
	}, queue.Options{Lease: 6 * time.Second, ReclaimGrace: 2 * time.Second})
	q := h.queue
	h.t.Cleanup(func() { _ = q.Close() })
	h.announce()
	return server
}

// TestLostKeysUnderABacklog deletes keys while jobs wait, as a server does that evicts: every job ends in its images,
// once.
func TestLostKeysUnderABacklog(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{
		"payload:", "job:", "jobs", "lane:", "ready:", "flow:", "servers", "users:", "counters", "lease", "",
	} {
		t.Run("all keys of "+kind, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			server := h.newRedisQueue()
			h.intervals.Verify = 100 * time.Millisecond
			h.startBot()
			h.startRenderer()
			h.waitReady()
			release := h.renderer.pause()
			defer release()
			var all []sandbox.Interaction
			for _, person := range []string{h.defaults.Member.ID, h.defaults.Moderator.ID} {
				for range 3 {
					all = append(all, h.commandAs(
						person, h.defaults.Channel.ID, "imagine", sandbox.With("prompt", "a boat"), sandbox.With("count", 1),
					))
				}
			}
			h.pollUntil("a backlog", func() bool {
				waiting, running, err := h.queue.Counts(h.ctx)
				return err == nil && waiting == len(all)-1 && running == 1
			})
			for _, key := range server.Keys() {
				if _, name, ok := strings.Cut(key, "e:1:"); ok && strings.HasPrefix(name, kind) {
					server.Del(key)
				}
			}
			release()
			for _, i := range all {
				h.pollUntil("job "+i.ID+" to end", func() bool { return h.job(i).State == store.Done })
			}
			if n := h.countPictureMessages(h.defaults.Channel.ID); n != len(all) {
				t.Errorf("messages with images: got %d, want %d", n, len(all))
			}
		})
	}
}
