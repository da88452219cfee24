//go:build cgo

package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// seedEnv names a seed to repeat a test with.
const seedEnv = "DARKROOM_SEED"

// seed is the one to repeat, else a new one for a long test, else always the same.
func seed(t testing.TB) uint64 {
	t.Helper()
	s := uint64(7)
	if soaking() {
		s = rand.Uint64()
	}
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if s, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", s)
	return s
}

// TestKillAtRandom asks for pictures, some of them private, cancels and deletes some, and kills a process at a random
// moment, again and again: the bot, one of two renderers, or Redis, which may lose all its data or return to an older
// state. Whatever was acknowledged ends in exactly one way, and nobody else sees what is private.
func TestKillAtRandom(t *testing.T) {
	t.Parallel()
	kills := 10
	if soaking() {
		kills = 400
	}
	for i, persistence := range []string{syncEverySecond, syncAlways, inMemory} {
		if i > 0 && !soaking() {
			break
		}
		t.Run("Redis keeps "+persistence, func(t *testing.T) {
			t.Parallel()
			s := seed(t)
			m := &chaosTest{
				requests: newRequests(newCluster(t, clusterOptions{persistence: persistence}), 12),
				rng:      rand.New(rand.NewPCG(s, uint64(i))),
			}
			m.report = faultReport{
				Fault: "kill -9 at random of bot, renderers and Redis (kept: " + persistence + "; wiped; set back)",
				Where: "separate processes", Seed: s,
			}
			m.run(kills)
		})
	}
}

// chaosTest is a cluster in which processes die.
type chaosTest struct {
	*requests
	rng               *rand.Rand
	botProcess        *process
	rendererProcesses [2]*process
	copies            []string // older copies of Redis's data
	kills             map[string]int
	report            faultReport
}

func (m *chaosTest) run(kills int) {
	m.kills = map[string]int{}
	m.botProcess = m.bot("--cards=on")
	for i := range m.rendererProcesses {
		m.rendererProcesses[i] = m.start(fmt.Sprint("renderer ", i), "renderer", "--slot", fmt.Sprint("r", i))
	}
	m.waitReady(2)
	for i := range kills {
		m.act()
		m.kill()
		m.report.Tries++
		if i%25 == 24 || i == kills-1 {
			m.waitRecovered()
		}
		if m.t.Failed() {
			m.t.Fatalf("failed after %d kills, seed %d", i+1, m.report.Seed)
		}
	}
	v := m.judge()
	m.report.add(v)
	var parts []string
	for _, who := range slices.Sorted(maps.Keys(m.kills)) {
		parts = append(parts, fmt.Sprintf("%s %d times", who, m.kills[who]))
	}
	m.report.Note = fmt.Sprintf("%d asked: %v; killed: %s", len(m.all), v, strings.Join(parts, "; "))
	m.report.write(m.t)
	if v.ends[shown] == 0 {
		m.t.Error("nothing was ever shown, so nothing was proved")
	}
}

// act is what people do between two kills.
func (m *chaosTest) act() {
	for range 1 + m.rng.IntN(3) {
		who, steps := m.people[m.rng.IntN(len(m.people))], quickSteps+m.rng.IntN(25)
		if m.rng.IntN(4) == 0 {
			m.submitPrivately(who, steps)
		} else {
			m.submit(who, "a red boat", steps)
		}
		time.Sleep(time.Duration(m.rng.IntN(60)) * time.Millisecond) // people do not ask all at once
	}
	recent := m.all[max(0, len(m.all)-6):]
	for _, one := range recent {
		m.haveSentDirectly(one)
	}
	switch one := recent[m.rng.IntN(len(recent))]; m.rng.IntN(8) {
	case 0, 1:
		m.cancel(one)
	case 2:
		m.remove(one)
	case 3:
		if c := m.redis.copy(m.t); c != "" {
			m.copies = append(m.copies, c)
		}
	}
	time.Sleep(time.Duration(m.rng.IntN(300)) * time.Millisecond) // the moment of the kill is random
}

// kill ends one process, and starts it again.
func (m *chaosTest) kill() {
	switch n := m.rng.IntN(8); n {
	case 0, 1:
		m.kills["bot"]++
		m.botProcess.kill()
		form := []string{"on", "off"}[m.rng.IntN(2)] // messages of the other form are in flight
		m.botProcess = m.bot("--cards=" + form)
	case 2, 3, 4:
		m.kills["renderer"]++
		i := n % 2
		m.rendererProcesses[i].kill()
		m.rendererProcesses[i] = m.start(fmt.Sprint("renderer ", i), "renderer", "--slot", fmt.Sprint("r", i))
	case 5:
		m.kills["Redis"]++
		m.redis.kill()
		m.redis.start(m.t)
	case 6:
		m.kills["Redis, wiped"]++
		m.redis.wipe(m.t)
	case 7:
		m.kills["Redis, set back"]++
		if len(m.copies) == 0 {
			m.redis.wipe(m.t)
			return
		}
		m.redis.rollback(m.t, m.copies[m.rng.IntN(len(m.copies))])
	}
}

// waitRecovered waits until every request has ended.
func (m *chaosTest) waitRecovered() {
	began := time.Now()
	ctx := m.ctx()
	for len(m.pending()) > 0 {
		if ctx.Err() != nil {
			m.judge() // reports what is missing
			return
		}
		m.waitForChange(ctx)
	}
	m.report.recordRecovery(time.Since(began))
}
