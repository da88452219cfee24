package queue

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listen opens an embedded queue to others.
func listen(t *testing.T, dir string) (q *Queue, address string) {
	t.Helper()
	q = Embedded(Options{})
	t.Cleanup(func() { _ = q.Close() })
	address, err := q.Listen(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return q, address
}

func TestAnEmbeddedQueueIsReachedFromOutside(t *testing.T) {
	t.Parallel()
	long := filepath.Join(t.TempDir(), strings.Repeat("long", 40))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ dir, scheme string }{
		"by a socket":                        {shortTempDir(t), "unix://"},
		"by a port where a socket cannot be": {long, "redis://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, address := listen(t, c.dir)
			if !strings.HasPrefix(address, c.scheme) {
				t.Errorf("got %s, want %s", address, c.scheme)
			}
			if err := q.BeginEpoch(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			other, err := Dial(address, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			if _, err := other.Check(t.Context()); err != nil {
				t.Errorf("check: %v", err)
			}
			heard := make(chan Event, 1)
			go func() {
				_ = other.Watch(t.Context(), "0-0", func(e Event) error { heard <- e; return nil })
			}()
			if _, err := q.Enqueue(t.Context(), 1, job("1-0", "s", "u")); err != nil {
				t.Fatal(err)
			}
			if e := <-heard; e.Kind != EpochBegan {
				t.Errorf("got %+v, want the epoch", e)
			}
			leases, err := other.Reserve(t.Context(), "w", "n", Capacity{Lanes: Lanes("a")})
			if err != nil || len(leases) != 1 {
				t.Errorf("got %v, %v, want a lease", leases, err)
			}
			if _, err := q.Listen(t.Context(), c.dir); err == nil {
				t.Error("it listens twice")
			}
		})
	}
}

func TestNobodyElseReachesAnEmbeddedQueue(t *testing.T) {
	t.Parallel()
	dir := shortTempDir(t)
	if err := os.WriteFile(filepath.Join(dir, socketName), nil, 0o644); err != nil { // a killed process left it
		t.Fatal(err)
	}
	q, address := listen(t, dir)
	info, err := os.Stat(filepath.Join(dir, socketName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: got %v, %v, want mode 0600", info.Mode(), err)
	}
	for _, guess := range []string{
		"unix://" + dir + "/" + socketName, strings.Replace(address, q.server.password, "guess", 1),
	} {
		other, err := Dial(guess, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Ping(t.Context()); err == nil {
			t.Errorf("%s is answered", guess)
		}
		_ = other.Close()
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.DialTimeout("unix", filepath.Join(dir, socketName), time.Second); err == nil {
		_ = conn.Close()
		t.Error("it listens after its end")
	}
}

// shortTempDir is a directory whose path is short enough for a socket.
func shortTempDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "q")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
