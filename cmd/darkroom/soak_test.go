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

// seedEnv names a seed to run again with.
const seedEnv = "DARKROOM_SEED"

// seed is the one to run again with, else a new one for a long test, else always the same.
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

// TestKillAtRandom asks for pictures, cancels and deletes some, and kills a process at a random moment, again and again:
// the bot, one of two renderers, or Redis, which may lose all its data or be set back to what it was. Whatever was
// acknowledged ends in exactly one way.
func TestKillAtRandom(t *testing.T) {
	t.Parallel()
	kills := 10
	if soaking() {
		kills = 400
	}
	for i, keep := range []string{keepSeconds, keepAlways, keepNothing} {
		if i > 0 && !soaking() {
			break
		}
		t.Run("Redis keeps "+keep, func(t *testing.T) {
			t.Parallel()
			s := seed(t)
			m := &mayhem{wishes: newWishes(newTown(t, plan{keep: keep}), 12), dice: rand.New(rand.NewPCG(s, uint64(i)))}
			m.fact = fact{Fault: "kill -9 at random of bot, renderers and Redis (kept: " + keep + "; wiped; set back)", Where: "separate processes", Seed: s}
			m.run(kills)
		})
	}
}

// mayhem is a town in which processes die.
type mayhem struct {
	*wishes
	dice   *rand.Rand
	bots   *process
	hands  [2]*process
	copies []string // of Redis's data, from before
	deaths map[string]int
	fact   fact
}

func (m *mayhem) run(kills int) {
	m.deaths = map[string]int{}
	m.bots = m.bot()
	for i := range m.hands {
		m.hands[i] = m.start(fmt.Sprint("renderer ", i), "renderer", "--slot", fmt.Sprint("r", i))
	}
	m.ready(2)
	for i := range kills {
		m.live()
		m.kill()
		m.fact.Tries++
		if i%25 == 24 || i == kills-1 {
			m.rest()
		}
		if m.t.Failed() {
			m.t.Fatalf("failed after %d kills, seed %d", i+1, m.fact.Seed)
		}
	}
	v := m.judge()
	m.fact.add(v)
	var deaths []string
	for _, who := range slices.Sorted(maps.Keys(m.deaths)) {
		deaths = append(deaths, fmt.Sprintf("%s %d times", who, m.deaths[who]))
	}
	m.fact.Note = fmt.Sprintf("%d asked: %v; killed: %s", len(m.all), v, strings.Join(deaths, "; "))
	m.fact.write(m.t)
	if v.ends[shown] == 0 {
		m.t.Error("nothing was ever shown, so nothing was proved")
	}
}

// live is what people do between two deaths.
func (m *mayhem) live() {
	for range 1 + m.dice.IntN(3) {
		m.make(m.people[m.dice.IntN(len(m.people))], "a red boat", quick+m.dice.IntN(25))
		time.Sleep(time.Duration(m.dice.IntN(60)) * time.Millisecond) // people do not ask all at once
	}
	recent := m.all[max(0, len(m.all)-6):]
	switch one := recent[m.dice.IntN(len(recent))]; m.dice.IntN(8) {
	case 0, 1:
		m.cancel(one)
	case 2:
		m.remove(one)
	case 3:
		if c := m.redis.copy(m.t); c != "" {
			m.copies = append(m.copies, c)
		}
	}
	time.Sleep(time.Duration(m.dice.IntN(300)) * time.Millisecond) // the moment of death is what is drawn here
}

// kill ends one process, and starts it again.
func (m *mayhem) kill() {
	switch n := m.dice.IntN(8); n {
	case 0, 1:
		m.deaths["bot"]++
		m.bots.kill()
		m.bots = m.bot()
	case 2, 3, 4:
		m.deaths["renderer"]++
		i := n % 2
		m.hands[i].kill()
		m.hands[i] = m.start(fmt.Sprint("renderer ", i), "renderer", "--slot", fmt.Sprint("r", i))
	case 5:
		m.deaths["Redis"]++
		m.redis.kill()
		m.redis.start(m.t)
	case 6:
		m.deaths["Redis, wiped"]++
		m.redis.wipe(m.t)
	case 7:
		m.deaths["Redis, set back"]++
		if len(m.copies) == 0 {
			m.redis.wipe(m.t)
			return
		}
		m.redis.rollback(m.t, m.copies[m.dice.IntN(len(m.copies))])
	}
}

// rest waits until all is well again.
func (m *mayhem) rest() {
	began := time.Now()
	ctx := m.ctx()
	for len(m.pending()) > 0 {
		if ctx.Err() != nil {
			m.judge() // says what is missing
			return
		}
		m.pause(ctx)
	}
	m.fact.took(time.Since(began))
}
