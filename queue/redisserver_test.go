package queue

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestMain ends the real server that the tests share.
func TestMain(m *testing.M) {
	SilenceRedisLog() // one test kills its server
	code := m.Run()
	sharedServer.stop()
	os.Exit(code)
}

// realServer is a redis-server of our own on a socket in a temporary folder.
type realServer struct {
	once       sync.Once
	cmd        *exec.Cmd
	dir        string
	skipReason string // why it is not there
}

var sharedServer realServer

func (s *realServer) url(t testing.TB) string {
	s.once.Do(func() { s.skipReason = s.start() })
	if s.skipReason != "" {
		t.Skip(s.skipReason)
	}
	return "unix://" + s.socket()
}

func (s *realServer) socket() string { return filepath.Join(s.dir, "redis.sock") }

func (s *realServer) start() string {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return "redis-server is not installed (apt-get install redis-server)"
	}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "darkroom-redis"); err != nil {
			return err.Error()
		}
	}
	s.cmd = exec.Command(binary, "--port", "0", "--unixsocket", s.socket(), "--save", "", "--dir", s.dir)
	if err := s.cmd.Start(); err != nil {
		return err.Error()
	}
	q, err := Dial("unix://"+s.socket(), Options{})
	if err != nil {
		return err.Error()
	}
	defer q.Close()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if q.Ping(context.Background()) == nil {
			return ""
		}
	}
	return "redis-server did not answer within 20 s"
}

// kill ends the server like a power cut, and with it all data: none is saved.
func (s *realServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_ = os.Remove(s.socket())
}

func (s *realServer) stop() {
	if s.cmd != nil {
		s.kill()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}
