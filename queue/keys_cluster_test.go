package queue

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// TestAllKeysOfAPoolLieInOneSlot uses the queue on a server in cluster mode, through the client for clusters. Such a
// server refuses any script whose keys do not share a slot.
func TestAllKeysOfAPoolLieInOneSlot(t *testing.T) {
	t.Parallel()
	address := cluster(t)
	open := func(t testing.TB, o Options) *Queue {
		q, err := Dial("redis://"+address+"?cluster=true", o)
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	r := newFixture(t, Options{}, open)
	if _, ok := r.db.(*redis.ClusterClient); !ok {
		t.Fatalf("client %T, want one for clusters", r.db)
	}
	j := job("1-0", "s", "u")
	j.Inputs = []string{sha("a")}
	if err := r.PutInput(r.ctx, sha("a"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	r.enqueue(j, job("2-0", "s2", "u"))
	l := r.mustLease("w", "1-0")
	r.wantVerdict(OK)(r.heartbeat(l, 5))
	r.finish(l)
	r.mustFail(r.mustLease("w", "2-0"), true, false)
	r.expire(1)
	r.mustCancel("2-0", CancelRemoved)
	r.wantEvents("leased 1-0", "progress 1-0", "sealed 1-0", "done 1-0", "leased 2-0", "cancelled 2-0")
	if err := r.BeginEpoch(r.ctx, 2); err != nil {
		t.Fatal(err)
	}
	r.epoch = 2
	r.checkInvariants() // the sweep found the keys of the first epoch

	o := newOldQueue(t, open)
	o.clock.advance(30 * time.Second)
	if err := o.BeginEpoch(o.ctx, 8); err != nil {
		t.Fatal(err)
	}
	o.wantUndelivered("4-0")
	o.wantOldKeys("root", "sizes")
}

// cluster starts a cluster of one server and returns its address.
func cluster(t *testing.T) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed (apt-get install redis-server)")
	}
	port := freePort(t)
	server := exec.Command(binary, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--cluster-enabled", "yes",
		"--cluster-port", fmt.Sprint(freePort(t)), "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	db := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port)})
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	await(ctx, t, func() bool { return db.Ping(ctx).Err() == nil })
	if err := db.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	await(ctx, t, func() bool { return db.Set(ctx, "probe", 1, 0).Err() == nil })
	return db.Options().Addr
}

// await waits until it is so. A process that starts gives no signal to wait for.
func await(ctx context.Context, t *testing.T, so func() bool) {
	t.Helper()
	for !so() {
		if ctx.Err() != nil {
			t.Fatal("the server was not ready in time")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
