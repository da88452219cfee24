//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// How a server persists its data. The queue need not survive lost writes: it is filled again from SQL.
const (
	syncEverySecond = "everysec" // to the disk each second
	syncAlways      = "always"   // before each answer
	inMemory        = "no file"  // only in memory
)

// redisServer is a real redis-server that can be killed, lose its data and return to an older state.
type redisServer struct {
	dir         string
	port        int
	persistence string

	mu  sync.Mutex
	cmd *exec.Cmd
}

func newRedisServer(t testing.TB, persistence string) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("no redis-server on this machine: the tests of separate processes need a real one")
	}
	r := &redisServer{dir: t.TempDir(), port: freePort(t), persistence: persistence}
	r.start(t)
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) address() string { return fmt.Sprintf("127.0.0.1:%d", r.port) }

func (r *redisServer) start(t testing.TB) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	args := []string{
		"--port", fmt.Sprint(r.port), "--bind", "127.0.0.1", "--dir", r.dir, "--save", "", "--maxmemory-policy", "noeviction",
	}
	if r.persistence != inMemory {
		args = append(args, "--appendonly", "yes", "--appendfsync", r.persistence)
	}
	r.cmd = exec.Command("redis-server", args...)
	if err := r.cmd.Start(); err != nil {
		t.Errorf("start redis-server: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", r.address(), time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(5 * time.Millisecond) // nothing else signals that it is ready
	}
	t.Error("redis-server did not come up")
}

// kill kills the server with SIGKILL.
func (r *redisServer) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// wipe kills the server, deletes its data and starts it again.
func (r *redisServer) wipe(t testing.TB) {
	t.Helper()
	r.kill()
	if err := errors.Join(os.RemoveAll(r.dir), os.MkdirAll(r.dir, 0o700)); err != nil {
		t.Error(err)
	}
	r.start(t)
}

// copy keeps the data as it is on the disk now, for a rollback. The server writes on meanwhile, as when power is
// lost: the last write may be there by half. "" when there is nothing to keep.
func (r *redisServer) copy(t testing.TB) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), fmt.Sprint(time.Now().UnixNano()))
	if err := os.CopyFS(to, os.DirFS(r.dir)); err != nil {
		return "" // a file was replaced in the middle of the copy
	}
	return to
}

// rollback kills the server and starts it on a copy of its data from before, as a failover or a restored backup does.
func (r *redisServer) rollback(t testing.TB, to string) {
	t.Helper()
	r.kill()
	if err := errors.Join(os.RemoveAll(r.dir), os.CopyFS(r.dir, os.DirFS(to))); err != nil {
		t.Error(err)
	}
	r.start(t)
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
