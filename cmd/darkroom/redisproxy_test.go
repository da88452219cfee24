//go:build cgo

package main

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// redisProxy is between one process and Redis, and knows each script that passes. A trap on it springs at the n-th
// call of a script: before Redis gets it, or after it has run and before its caller knows.
type redisProxy struct {
	ln       net.Listener
	upstream string
	names    map[string]string // of scripts, by hash

	mu    sync.Mutex
	trap  *trap
	calls map[string]int // calls by script
}

// trap is a boundary of a script where something happens.
type trap struct {
	script string
	after  bool
	nth    int    // of the calls from now on; the first is 1
	spring func() // called at that moment: it must kill the caller or Redis
	sprung chan struct{}
}

func newRedisProxy(t testing.TB, upstream string) *redisProxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &redisProxy{ln: ln, upstream: upstream, names: scriptNames(t), calls: map[string]int{}}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go g.proxyConn(c)
		}
	}()
	return g
}

// scriptNames reads the scripts as the queue sends them: each behind what it builds on.
func scriptNames(t testing.TB) map[string]string {
	t.Helper()
	const dir = "../../queue/lua"
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(dir, name+".lua"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, f := range files {
		name := strings.TrimSuffix(f.Name(), ".lua")
		for _, base := range []string{
			read("clock"), read("clock") + read("prelude") + read("states"), read("clock") + read("pause") + read("prelude"),
		} {
			sum := sha1.Sum([]byte(base + read(name)))
			names[hex.EncodeToString(sum[:])] = name
		}
	}
	return names
}

func (g *redisProxy) setTrap(tr *trap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trap = tr
}

// reset forgets what passed.
func (g *redisProxy) reset() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trap, g.calls = nil, map[string]int{}
}

// count returns how often a script was called since then.
func (g *redisProxy) count(script string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[script]
}

// takeTrap tells whether the trap springs here. It springs once.
func (g *redisProxy) takeTrap(script string, after bool) *trap {
	g.mu.Lock()
	defer g.mu.Unlock()
	if script != "" && after {
		g.calls[script]++
	}
	tr := g.trap
	if tr == nil || tr.script != script || tr.after != after {
		return nil
	}
	if tr.nth--; tr.nth > 0 {
		return nil
	}
	g.trap = nil
	return tr
}

// proxyConn carries one connection, one command and one answer at a time.
func (g *redisProxy) proxyConn(client net.Conn) {
	defer client.Close()
	up, err := net.Dial("tcp", g.upstream)
	if err != nil {
		return
	}
	defer up.Close()
	requests, replies := bufio.NewReader(client), bufio.NewReader(up)
	for {
		words, raw, err := readCommand(requests)
		if err != nil {
			return
		}
		if !g.proxyCommand(words, raw, client, up, replies) {
			return
		}
	}
}

// proxyCommand carries a command and its answer. It tells whether the connection stays open.
func (g *redisProxy) proxyCommand(words []string, raw []byte, client, up net.Conn, replies *bufio.Reader) bool {
	script := g.scriptOf(words)
	if tr := g.takeTrap(script, false); tr != nil {
		tr.spring()
		close(tr.sprung)
		return false
	}
	if _, err := up.Write(raw); err != nil {
		return false
	}
	reply, err := readReply(replies)
	if err != nil {
		return false
	}
	if !bytes.HasPrefix(reply, []byte("-NOSCRIPT")) {
		if tr := g.takeTrap(script, true); tr != nil {
			tr.spring()
			close(tr.sprung)
			return false
		}
	}
	_, err = client.Write(reply)
	return err == nil
}

// scriptOf names the script that a command runs, "" for anything else.
func (g *redisProxy) scriptOf(words []string) string {
	if len(words) < 2 {
		return ""
	}
	switch strings.ToUpper(words[0]) {
	case "EVALSHA":
		return g.names[words[1]]
	case "EVAL":
		sum := sha1.Sum([]byte(words[1]))
		return g.names[hex.EncodeToString(sum[:])]
	}
	return ""
}

// readCommand reads a command as clients send it, an array of bulk strings, and returns its first two words.
func readCommand(r *bufio.Reader) (words []string, raw []byte, err error) {
	raw, err = r.ReadBytes('\n')
	if err != nil {
		return nil, nil, err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(raw[1:])))
	if err != nil || raw[0] != '*' {
		return nil, nil, fmt.Errorf("command %q", raw)
	}
	for i := range n {
		part, err := readReply(r)
		if err != nil {
			return nil, nil, err
		}
		raw = append(raw, part...)
		if i < 2 {
			words = append(words, string(part[bytes.IndexByte(part, '\n')+1:len(part)-2]))
		}
	}
	return words, raw, nil
}

// readReply reads one value of Redis's protocol, of version 2 or 3, as it stands.
func readReply(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	raw := line
	n, err := strconv.Atoi(strings.TrimSpace(string(line[1:])))
	switch line[0] {
	case '$', '=', '!':
		if err != nil || n < 0 {
			return raw, nil
		}
		body := make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, err
		}
		return append(raw, body...), nil
	case '*', '~', '>', '%', '|':
		if err != nil {
			return nil, fmt.Errorf("length %q", line)
		}
		if line[0] == '%' || line[0] == '|' {
			n *= 2
		}
		if line[0] == '|' {
			n++ // what the attribute belongs to follows it
		}
		for range max(n, 0) {
			part, err := readReply(r)
			if err != nil {
				return nil, err
			}
			raw = append(raw, part...)
		}
	}
	return raw, nil
}
