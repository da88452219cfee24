package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"darkroom/config"
	"darkroom/queue"
	"darkroom/store"
)

// finding is what the doctor has to say of one thing.
type finding struct {
	subject string
	state   string // what was seen
	fix     string // what to do; empty when all is well
}

func healthy(thing, format string, args ...any) finding {
	return finding{subject: thing, state: fmt.Sprintf(format, args...)}
}

func broken(thing string, seen error, fix string) finding {
	message := strings.Join(strings.Fields(redact(seen.Error())), " ") // some errors have several lines, a finding has one
	return finding{subject: thing, state: message, fix: fix}
}

// errBroken is the doctor's verdict; what is wrong was told already.
var errBroken = errors.New("something is missing: see above")

// doctor looks at everything that `darkroom up` would use, and tells what is missing and how to fix it. What it tries it
// takes back: a file it makes in the data directory, a port it listens on. What stays is the cache: the demo model, unpacked
// and hashed.
func doctor(ctx context.Context, s invocation) error {
	d := s.settings.Doctor
	findings := []finding{
		checkData(d.Data), checkDatabase(ctx, d.Data), checkRedis(ctx, d.Redis), checkToken(d.Discord), checkPage(d.Page, d.Discord),
	}
	findings = append(findings, checkRendering(d.Runtime)...)
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
	const thing = "data"
	info, err := os.Stat(d.Dir)
	if errors.Is(err, os.ErrNotExist) {
		parent := nearestDir(d.Dir)
		if err := writable(parent); err != nil {
			return broken(thing, err, fmt.Sprintf("let this user write in %s, or name another directory with --data", parent))
		}
		return healthy(thing, "%s will be made", d.Dir)
	}
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", d.Dir)
	}
	if err == nil {
		err = writable(d.Dir)
	}
	if err != nil {
		return broken(thing, err, "give this user the directory, or name another one with --data")
	}
	if open := info.Mode().Perm() &^ 0o700; open != 0 {
		return broken(thing, fmt.Errorf("%s can be read by others (%v)", d.Dir, info.Mode().Perm()), "chmod 700 "+d.Dir)
	}
	return healthy(thing, "%s", d.Dir)
}

// existing returns the nearest directory above path that is there.
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
	const thing = "database"
	scheme, path, found := strings.Cut(databaseURL(d), ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return checkPostgres(ctx, databaseURL(d))
	case found && scheme != "sqlite":
		return broken(thing, fmt.Errorf("the address is of kind %q", scheme), "set DATABASE_URL to sqlite:PATH or postgres://…, or leave it empty")
	case !found:
		path = scheme
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return healthy(thing, "%s will be made", path)
	}
	if err != nil {
		return broken(thing, err, "give this user the file: it must be able to read and write it")
	}
	defer f.Close()
	// https://www.sqlite.org/fileformat.html, 1.3.1: the first 16 bytes of every database.
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	if n, err := io.ReadFull(f, head); n > 0 && (err != nil || string(head) != magic) {
		return broken(thing, fmt.Errorf("%s is no SQLite database", path), "move it away, or name another one with --database-url")
	}
	return healthy(thing, "%s", path)
}

func checkPostgres(ctx context.Context, address string) finding {
	const thing = "database"
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	version, err := store.PostgresVersion(ctx, address)
	if err != nil {
		return broken(thing, err, "start the server, make the database, or correct DATABASE_URL")
	}
	return healthy(thing, "PostgreSQL %s answers", version)
}

func checkRedis(ctx context.Context, r config.Redis) finding {
	const thing = "redis"
	if r.URL.Empty() {
		return healthy(thing, "none is set: `darkroom up` keeps the line in its own memory; bot and renderer apart need one")
	}
	queue.SilenceRedisLog()
	q, err := queue.Dial(r.URL.Text(), queue.Options{Pool: r.Pool})
	if err != nil {
		return broken(thing, err, "set REDIS_URL, for example to redis://localhost:6379/0")
	}
	defer q.Close()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := q.Ping(ctx); err != nil {
		return broken(thing, err, "start redis-server, or set REDIS_URL to where it is")
	}
	warnings, err := q.Check(ctx)
	if err != nil {
		return broken(thing, err, "change it as said, in redis.conf too, so that it stays")
	}
	return healthy(thing, "%s", strings.Join(append([]string{"answers"}, warnings...), "; "))
}

// tokenShape is a bot token's: id, time and signature, the id being the application's snowflake in base64.
var tokenShape = regexp.MustCompile(`^([A-Za-z0-9_-]{18,})\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{20,}$`)

func checkToken(d config.Discord) finding {
	const thing, where = "discord token", "copy it anew from https://discord.com/developers/applications (your application, Bot, Reset Token)"
	if d.Token.Empty() {
		return healthy(thing, "none is set: `darkroom up` opens its own page instead of Discord")
	}
	parts := tokenShape.FindStringSubmatch(d.Token.Text())
	if parts == nil {
		return broken(thing, errors.New("not in the shape of a bot token: three parts with dots between them"), where)
	}
	id, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || strings.Trim(string(id), "0123456789") != "" {
		return broken(thing, errors.New("its first part is no application id"), where)
	}
	return healthy(thing, "has the right shape, of application %s", id)
}

func checkPage(p config.Page, d config.Discord) finding {
	const thing = "page"
	if !d.Token.Empty() {
		return healthy(thing, "not needed: there is a token")
	}
	l, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return broken(thing, err, "stop what listens there, or choose another port: --listen 127.0.0.1:0 takes any that is free")
	}
	if err := l.Close(); err != nil {
		return broken(thing, err, "try again")
	}
	return healthy(thing, "%s is free", p.Listen)
}
