//go:build cgo

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childPID is the newest renderer process that a process supervises.
func (p *process) childPID(t testing.TB) int {
	t.Helper()
	found := regexp.MustCompile(`renderer process started" pid=(\d+)`).FindAllStringSubmatch(p.log.String(), -1)
	if len(found) == 0 {
		t.Fatalf("%s started no renderer process", p.name)
	}
	pid, err := strconv.Atoi(found[len(found)-1][1])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// killAlone is kill -9 of a process without its renderer's.
func (p *process) killAlone() {
	_ = p.cmd.Process.Kill()
	<-p.done // ends when nobody has the log open any more, so the renderer's process has ended, too
}

// processRuns tells whether a process has not ended. One that nobody asked about its end yet has.
func processRuns(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return syscall.Kill(pid, 0) == nil
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

// TestKilledRendererProcess kills the renderer's process in mid-picture: another one follows at once, long before the
// lease runs out, and nobody else notices.
func TestKilledRendererProcess(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*requests) *process{
		"under up": func(rs *requests) *process {
			p := rs.up()
			rs.waitOnline()
			return p
		},
		"alone": func(rs *requests) *process {
			rs.bot()
			p := rs.renderer()
			rs.waitReady(1)
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := newRequests(newCluster(t, clusterOptions{usualLeases: true}), 2)
			p := start(rs)
			one := rs.submitSlow(10)
			if err := syscall.Kill(p.childPID(t), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			rs.waitResult(one.Interaction)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %v, want less than a lease", took)
			}
			rs.wantDeaths(p, 1)
			rs.wantOneResultEach(one.Interaction)
		})
	}
}

// TestPoisonedJob asks for a picture that kills every process that renders it. Two die, its owner is told, and the
// other jobs go on.
func TestPoisonedJob(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*requests) *process{
		"under up": func(rs *requests) *process { return rs.up() },
		"alone": func(rs *requests) *process {
			rs.bot()
			return rs.renderer()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := newRequests(newCluster(t, clusterOptions{}), 2)
			p := start(rs)
			rs.waitOnline()
			rs.until("it can be asked", func() bool { return p.count("ready to") > 0 })
			poison := rs.submit(rs.people[0], "a "+crashWord+" boat", quickSteps)
			behind := rs.submit(rs.people[1], "a red boat", quickSteps)
			rs.waitText(poison.Interaction, failedText)
			rs.waitResult(behind.Interaction)
			if n := rs.allResults()[poison.ID+"-0"]; n != 0 {
				t.Errorf("%d results of what crashed, want none", n)
			}
			rs.wantDeaths(p, 2)
		})
	}
}

// TestTwoKillsFailAJob kills whatever renders a job twice, and loses the queue each time: the third time is its end.
func TestTwoKillsFailAJob(t *testing.T) {
	t.Parallel()
	t.Run("up, which loses its queue", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{}), 2)
		p := rs.up()
		rs.waitOnline()
		poison := rs.submitSlow(100)
		child := p.childPID(t)
		p.killAlone()
		if processRuns(child) {
			t.Errorf("the renderer's process %d outlived up", child)
		}
		p = rs.up()
		rs.until("it is rendered again", func() bool { return p.count("job leased") > 0 })
		rs.waitText(poison.Interaction, "Generating")
		time.Sleep(100 * time.Millisecond) // for the bot to write it down
		p.kill()
		p = rs.up()
		rs.waitText(poison.Interaction, failedText)
		after := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitResult(after.Interaction)
		if n := rs.allResults()[poison.ID+"-0"]; n != 0 || p.count(poison.ID) > p.count("failed") {
			t.Errorf("%d results of what crashed, want none, and no third try:\n%s", n, p.log.String())
		}
	})
	t.Run("a renderer, and Redis is wiped", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{}), 2)
		rs.bot()
		p := rs.renderer()
		rs.waitReady(1)
		poison := rs.submitSlow(100)
		for range 2 {
			p.kill()
			rs.redis.wipe(t)
			p = rs.renderer()
			rs.until("it is rendered again, or its owner is told", func() bool {
				m, _ := rs.message(poison)
				return p.count("job leased") > 0 || strings.Contains(m.Text(), failedText)
			})
			time.Sleep(100 * time.Millisecond) // for the bot to write it down
		}
		rs.waitText(poison.Interaction, failedText)
		after := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitResult(after.Interaction)
		if v := rs.judge(); v.ends[apologised] != 1 || p.count(poison.ID) > 0 {
			t.Errorf("got %v, want one apology, and no third try:\n%s", v, p.log.String())
		}
	})
}

func TestOrderlyStopIsNoCrash(t *testing.T) {
	t.Parallel()
	rs := newRequests(newCluster(t, clusterOptions{grace: time.Second}), 1)
	p := rs.up()
	rs.waitOnline()
	one := rs.submitSlow(40) // four seconds: released each time
	for _, stop := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p.signal(stop)
		rs.waitExit(p)
		died, released := p.count("renderer process died"), p.count("job released")
		if died != 0 || released != 1 || p.cmd.ProcessState.ExitCode() != exitOK {
			t.Errorf("%v: got %d deaths and %v, want the picture released", stop, died, p.cmd.ProcessState)
		}
		p = rs.up()
		rs.until("it is painted again", func() bool { return p.count("job leased") > 0 })
	}
	rs.waitResult(one.Interaction)
}

// TestRendererProcessKnowsNoSecret reads what the kernel shows of the renderer's process.
func TestRendererProcessKnowsNoSecret(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("needs /proc")
	}
	cl := newCluster(t, clusterOptions{})
	p := cl.up()
	cl.waitOnline()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.childPID(t)), name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	env := read("environ")
	if strings.Contains(env, cl.Token()) || strings.Contains(env, "DATABASE_URL") || !strings.Contains(env, "REDIS_URL=") {
		t.Error("want an environment with a queue, and without the token and the database")
	}
	if line := read("cmdline"); line != "darkroom\x00renderer\x00" {
		t.Errorf("got the command line %q, want nothing on it", line)
	}
}
