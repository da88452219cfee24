package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"darkroom/bot/rest"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/store"
)

// finding is what the doctor reports about one subject.
type finding struct {
	subject string
	state   string // what was seen
	fix     string // what to do; empty when all is well
}

func healthy(subject, format string, args ...any) finding {
	return finding{subject: subject, state: fmt.Sprintf(format, args...)}
}

func broken(subject string, seen error, fix string) finding {
	message := strings.Join(strings.Fields(redact(seen.Error())), " ") // a finding has one line, some errors have several
	return finding{subject: subject, state: message, fix: fix}
}

// errBroken is the doctor's verdict. What is wrong was printed before.
var errBroken = errors.New("something is missing: see above")

// doctor checks everything that `darkroom up` would use, and prints what is missing and how to fix it. It undoes what
// it tries: a file in the data directory, a port that it listens on. Only the cache stays: the demo model, unpacked
// and hashed.
func doctor(ctx context.Context, s invocation) error {
	d := s.settings.Doctor
	s.noteMissingModels(d.Runtime.ModelsDir)
	findings := []finding{
		checkData(d.Data), checkDatabase(ctx, d.Data), checkRedis(ctx, d.Redis), checkToken(d.Discord),
		checkPage(ctx, d.Page, d.Discord),
	}
	findings = append(findings, s.checkRendering(d.Runtime)...)
	ok := true
	for _, f := range findings {
		ok = ok && f.fix == ""
		if err := f.print(s.stdout); err != nil {
			return err
		}
	}
	if !ok {
		return errBroken
	}
	return nil
}

func (f finding) print(w io.Writer) error {
	mark := "ok     "
	if f.fix != "" {
		mark = "BROKEN "
	}
	_, err := fmt.Fprintf(w, "%s%-14s %s\n", mark, f.subject, f.state)
	if err == nil && f.fix != "" {
		_, err = fmt.Fprintf(w, "%22sfix: %s\n", "", f.fix)
	}
	return err
}

func checkData(d config.Data) finding {
	const subject = "data"
	info, err := os.Stat(d.Dir)
	if errors.Is(err, os.ErrNotExist) {
		parent := nearestDir(d.Dir)
		if err := writable(parent); err != nil {
			return broken(subject, err, fmt.Sprintf("let this user write in %s, or name another directory with --data", parent))
		}
		return healthy(subject, "%s will be made", d.Dir)
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", d.Dir)
	}
	if err == nil {
		err = writable(d.Dir)
	}
	if err != nil {
		return broken(subject, err, "give this user the directory, or name another one with --data")
	}
	open := info.Mode().Perm() &^ 0o700
	if open != 0 && errors.Is(os.Chmod(d.Dir, info.Mode()), fs.ErrPermission) { // which changes nothing
		return healthy(subject, "%s belongs to another user and can be read by others (%v); the database cannot",
			d.Dir, info.Mode().Perm())
	}
	if open != 0 {
		return broken(subject, fmt.Errorf("%s can be read by others (%v)", d.Dir, info.Mode().Perm()), "chmod 700 "+d.Dir)
	}
	return healthy(subject, "%s", d.Dir)
}

// nearestDir returns the nearest directory above path that is there.
func nearestDir(path string) string {
	for dir := filepath.Dir(filepath.Clean(path)); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
	}
}

// writable tells whether a file can be made in a directory, by making one and removing it.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func checkDatabase(ctx context.Context, d config.Data) finding {
	const subject = "database"
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	address := databaseURL(d)
	state, err := store.Probe(ctx, address)
	switch {
	case err != nil && store.IsPostgres(address):
		return broken(subject, err, "start the server, create the database, or correct DATABASE_URL")
	case err != nil:
		return broken(
			subject, err, "let this user read and write the file, or set DATABASE_URL to sqlite:PATH or postgres://…",
		)
	}
	return healthy(subject, "%s", state)
}

func checkRedis(ctx context.Context, r config.Redis) finding {
	const subject = "redis"
	if r.URL.Empty() {
		return healthy(
			subject, "none is set: `darkroom up` keeps the queue in its memory; a bot and renderers apart need one",
		)
	}
	queue.SilenceRedisLog()
	q, err := queue.Dial(r.URL.Text(), queue.Options{Pool: r.Pool})
	if err != nil {
		return broken(subject, err, "set REDIS_URL, for example to redis://localhost:6379/0")
	}
	defer q.Close()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := q.Ping(ctx); err != nil {
		return broken(subject, err, "start redis-server, or set REDIS_URL to where it is")
	}
	warnings, err := q.Check(ctx)
	if err != nil {
		return broken(subject, err, "change it as said, in redis.conf too, so that it stays")
	}
	return healthy(subject, "%s", strings.Join(append([]string{"answers"}, warnings...), "; "))
}

func checkToken(d config.Discord) finding {
	const subject = "discord token"
	if d.Token.Empty() {
		return healthy(subject, "none is set: `darkroom up` opens its own page instead of Discord")
	}
	application, err := rest.TokenApplication(d.Token.Text())
	if err != nil {
		return broken(subject, err,
			"copy it from https://discord.com/developers/applications (your application, Bot, Reset Token)")
	}
	return healthy(subject, "has the right shape, of application %s", application)
}

func checkPage(ctx context.Context, p config.Page, d config.Discord) finding {
	const subject = "page"
	if !d.Token.Empty() {
		return healthy(subject, "not needed: there is a token")
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.Listen)
	if err != nil && servesPage(ctx, p.Listen) {
		return healthy(subject, "a running darkroom serves it on %s", p.Listen)
	}
	if err != nil {
		return broken(
			subject, err, "stop what listens there, or choose another port: --listen 127.0.0.1:0 takes any free one",
		)
	}
	if err := l.Close(); err != nil {
		return broken(subject, err, "try again")
	}
	return healthy(subject, "%s is free", p.Listen)
}

// servesPage tells whether a darkroom serves its page on an address: it answers as the page's own script expects.
func servesPage(ctx context.Context, address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	url := "http://" + net.JoinHostPort(host, port) + "/sandbox/hello"
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	var hello struct {
		App struct {
			Username string `json:"username"`
		} `json:"app"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, maxHello)).Decode(&hello)
	return err == nil && answer.StatusCode == http.StatusOK && hello.App.Username == "darkroom"
}

const (
	pageTimeout = 2 * time.Second
	maxHello    = 1 << 20
)
