//go:build unix

// Package postgrestest gives tests a PostgreSQL server of their own.
//
// It uses the PostgreSQL that is installed on the machine (initdb and postgres in the PATH, or where Debian, Fedora
// and Homebrew put them). The server keeps its data in a temporary folder, listens on a Unix socket in that folder and
// on no port, and stops when the test ends. PostgreSQL refuses to run as root, so a test of root runs it as the user
// nobody and gives the folder to that user.
package postgrestest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// startTimeout is how long the server may take to start on a machine that is busy with other tests.
const startTimeout = time.Minute

// Server is a running PostgreSQL.
type Server struct {
	folder    string
	bin       string
	runAs     *syscall.Credential
	databases atomic.Int64
}

// Start starts a server that stops when the test ends. It skips the test if PostgreSQL is not installed.
func Start(t testing.TB) *Server {
	t.Helper()
	bin, err := findPrograms()
	if err != nil {
		t.Skip(err)
	}
	s := &Server{bin: bin}
	if s.runAs, err = unprivileged(); err != nil {
		t.Fatal(err)
	}
	s.makeFolder(t)
	s.initialise(t)
	s.launch(t)
	return s
}

// Database creates an empty database and returns its address. If the server can, the database sorts texts as English
// dictionaries do, so that a test finds a query that relies on the order of bytes.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("d%d", s.databases.Add(1))
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.ExecContext(t.Context(),
		`CREATE DATABASE `+name+` TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'`)
	if err != nil { // before version 15, or built without ICU
		_, err = db.ExecContext(t.Context(), `CREATE DATABASE `+name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

func (s *Server) address(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("tester"), Path: "/" + database}
	return u.String() + "?host=" + url.QueryEscape(s.folder)
}

// findPrograms returns the folder of PostgreSQL's programs.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	patterns := []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin"}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(pattern, "initdb"))
		if err == nil && len(found) > 0 {
			slices.Sort(found)
			return filepath.Dir(found[len(found)-1]), nil
		}
	}
	return "", errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")
}

// unprivileged returns the user that the server runs as: nil for the user of the test, unless that is root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, fmt.Errorf("find a user to run PostgreSQL as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("user id of nobody: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("group id of nobody: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// makeFolder creates the server's folder. It does not use t.TempDir, because only the owner may enter that folder's
// parents, and its name is too long for a socket.
func (s *Server) makeFolder(t testing.TB) {
	t.Helper()
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	s.folder = folder
	if s.runAs == nil {
		return
	}
	if err := os.Chown(folder, int(s.runAs.Uid), int(s.runAs.Gid)); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, filepath.Join(s.bin, program), args...)
	c.Dir = s.folder
	c.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.runAs}
	return c
}

func (s *Server) initialise(t testing.TB) {
	t.Helper()
	out, err := s.command(t.Context(), "initdb", "-D", filepath.Join(s.folder, "data"),
		"-U", "tester", "-A", "trust", "-E", "UTF8", "-N").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
}

// launch starts the server and waits until it answers. The server does not flush to the disk: a test's data need not
// survive a crash of the machine.
func (s *Server) launch(t testing.TB) {
	t.Helper()
	var log bytes.Buffer
	c := s.command(context.WithoutCancel(t.Context()), "postgres", "-D", filepath.Join(s.folder, "data"), "-k", s.folder,
		"-h", "", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
	c.Stdout, c.Stderr = &log, &log
	killWithParent(c.SysProcAttr)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var end error // once ended is closed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		end = c.Wait()
	}()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGQUIT) // immediate shutdown: clients lose their connections
		<-ended
	})
	for deadline := time.Now().Add(startTimeout); ; {
		err := s.ping(t.Context())
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("postgres ended: %v\n%s", end, log.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("postgres does not answer: %v", err)
		}
	}
}

func (s *Server) ping(ctx context.Context) error {
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	return db.PingContext(ctx)
}
