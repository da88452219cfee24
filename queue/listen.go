package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/alicebob/miniredis/v2"
)

// embeddedServer is the Redis server of an embedded queue. It answers nobody who does not know its password.
type embeddedServer struct {
	redis    *miniredis.Miniredis
	password string

	mu       sync.Mutex
	listener net.Listener // nil until Listen
}

func newEmbeddedServer() *embeddedServer {
	s := &embeddedServer{redis: miniredis.NewMiniRedis(), password: rand.Text()}
	s.redis.RequireAuth(s.password)
	return s
}

func (s *embeddedServer) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		_ = s.listener.Close() // ends the accept loop; there is nothing to lose
	}
	s.redis.Close()
}

// Listen opens an embedded queue to other processes of this user, such as a renderer of its own, and returns the
// address to Dial. It holds a password, so it is a secret. Dir must be a directory of this user alone: the queue
// listens on a socket in it, or on this machine's loopback address where that cannot be done. Close ends it.
func (q *Queue) Listen(ctx context.Context, dir string) (address string, err error) {
	if q.server == nil {
		return "", errors.New("listen: the queue is on a Redis server")
	}
	if err := q.Ping(ctx); err != nil { // starts the server
		return "", err
	}
	address, err = q.server.listen(ctx, dir)
	if err != nil {
		return "", fmt.Errorf("listen for a renderer: %w", err)
	}
	return address, nil
}

func (s *embeddedServer) listen(ctx context.Context, dir string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener != nil {
		return "", errors.New("it listens already")
	}
	address := url.URL{User: url.UserPassword("", s.password), RawQuery: "protocol=2"}
	path, l, err := listenUnix(ctx, dir)
	if err == nil {
		address.Scheme, address.Path = "unix", path
	} else {
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
		address.Scheme, address.Host = "redis", l.Addr().String()
	}
	s.listener = l
	go s.accept(l)
	return address.String(), nil
}

// accept serves connections until the listener is closed.
func (s *embeddedServer) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if server := s.redis.Server(); server != nil {
			server.ServeConn(conn)
		} else {
			_ = conn.Close() // the queue is closed
		}
		s.mu.Unlock()
	}
}

const (
	socketName    = "queue.sock"
	maxSocketPath = 100 // characters; systems allow from 104 on
)

// listenUnix listens on a socket in dir. One that a killed process left there is replaced.
func listenUnix(ctx context.Context, dir string) (path string, l net.Listener, err error) {
	path, err = filepath.Abs(filepath.Join(dir, socketName))
	if err == nil && (runtime.GOOS == "windows" || len(path) > maxSocketPath) {
		err = errors.ErrUnsupported
	}
	if err != nil {
		return "", nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, err
	}
	l, err = new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return "", nil, errors.Join(err, l.Close())
	}
	return path, l, nil
}
