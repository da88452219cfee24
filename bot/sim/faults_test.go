package sim

import (
	"math/rand/v2"
	"regexp"
	"sync"
	"time"

	"darkroom/bot/sandbox"
)

// faultInjector is what goes wrong in a town, drawn from its own dice.
type faultInjector struct {
	*workload
	rng   *rand.Rand
	slots []string
	wg    sync.WaitGroup

	mu          sync.Mutex
	busy        map[string]bool // what is broken at present
	tried       map[string]int  // how often each fault was tried
	redisBackup []keyValue      // a copy of what Redis held, to be set back to
}

func newFaultInjector(w *workload, slots ...string) *faultInjector {
	return &faultInjector{workload: w, rng: rand.New(rand.NewPCG(w.seed, 4)), slots: slots, busy: map[string]bool{}, tried: map[string]int{}}
}

// fault is one thing that can go wrong. do returns once it is over; what it breaks is broken by nobody else meanwhile.
type fault struct {
	name      string
	component string
	weight    int
	do        func(f *faultInjector, duration time.Duration)
}

var faults = []fault{
	{"bot killed", "bot", 10, func(f *faultInjector, duration time.Duration) { f.restart(duration) }},
	{"bot killed for longer than a token lives", "bot", 1, func(f *faultInjector, duration time.Duration) { f.restart(16*time.Minute + duration) }},
	{"renderer killed", "", 14, (*faultInjector).killRenderer},
	{"renderer cut off the network", "", 6, (*faultInjector).cutRenderer},
	{"bot's connections cut", "bot", 6, func(f *faultInjector, _ time.Duration) { f.reconnect(f.currentBot()) }},
	{"redis killed, data kept", "redis", 6, func(f *faultInjector, duration time.Duration) {
		data := f.redis.stop()
		time.Sleep(duration)
		f.redis.start(data)
	}},
	{"redis killed, data lost", "redis", 5, func(f *faultInjector, duration time.Duration) {
		f.redis.stop()
		time.Sleep(duration)
		f.redis.start(nil)
	}},
	{"redis emptied", "redis", 4, func(f *faultInjector, _ time.Duration) { f.redis.stop(); f.redis.start(nil) }},
	{"redis set back in time", "redis", 6, (*faultInjector).rollBack},
	{"redis loses calls and answers", "redis", 8, func(f *faultInjector, duration time.Duration) {
		f.redis.setLossRate(0.1)
		time.Sleep(duration)
		f.redis.setLossRate(0)
	}},
	{"slow links", "links", 4, func(f *faultInjector, duration time.Duration) {
		f.setDelay(300 * time.Millisecond)
		time.Sleep(duration)
		f.setDelay(2 * time.Millisecond)
	}},
	{"Discord answers 502", "discord", 3, during(sandbox.Fault{Status: 502})},
	{"Discord answers 503 to answers by token", "discord", 6, during(sandbox.Fault{Status: 503, Path: answers})},
	{"Discord loses its answers", "discord", 6, during(sandbox.Fault{Drop: true})},
	{"Discord breaks off uploads", "discord", 4, during(sandbox.Fault{Reset: true, Path: answers})},
	{"Discord answers 429 to one route", "discord", 5, during(sandbox.Fault{Scope: "user", After: 7 * time.Second, Path: answers})},
	{"Discord answers 429 to everything", "discord", 3, during(sandbox.Fault{Scope: "global", After: 5 * time.Second})},
	{"Discord is blocked by its proxy", "discord", 2, during(sandbox.Fault{HTML: true, Status: 429})},
	{"Discord is slow", "discord", 4, during(sandbox.Fault{Delay: 4 * time.Second})},
	{"token is refused", "discord", 4, during(sandbox.Fault{Status: 401, Code: 50027, Path: answers})},
	{"first answers get lost", "discord", 4, during(sandbox.Fault{Drop: true, Path: callbacks})},
	{"direct messages are closed", "dm", 4, during(sandbox.Fault{Status: 403, Code: 50007, Path: dms})},
	{"gateway asks to reconnect", "bot", 4, func(f *faultInjector, _ time.Duration) { f.Gateway.Reconnect() }},
	{"gateway forgets the session", "bot", 3, func(f *faultInjector, _ time.Duration) { f.Gateway.Invalidate(false) }},
	{"gateway falls silent", "bot", 2, func(f *faultInjector, duration time.Duration) {
		f.Gateway.Silence(true)
		time.Sleep(duration)
		f.Gateway.Silence(false)
	}},
	{"gateway repeats its events", "repeat", 3, func(f *faultInjector, duration time.Duration) {
		f.Gateway.Duplicate(2)
		time.Sleep(duration)
		f.Gateway.Duplicate(1)
	}},
	{"bot may do nothing in a channel", "place", 5, (*faultInjector).forbid},
	{"a channel is deleted", "place", 2, (*faultInjector).replaceChannel},
}

var (
	answers   = regexp.MustCompile(`^/webhooks/`)
	callbacks = regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	dms       = regexp.MustCompile(`^/users/@me/channels$`)
)

// during sets a fault of Discord's for a while.
func during(one sandbox.Fault) func(*faultInjector, time.Duration) {
	return func(f *faultInjector, duration time.Duration) {
		one.Times = -1
		remove := f.Fail(one)
		time.Sleep(duration)
		remove()
	}
}

// run makes trouble until stop is closed, and then puts everything in order.
func (f *faultInjector) run(every time.Duration, stop <-chan struct{}) {
	for over := false; !over; {
		select {
		case <-stop:
			over = true
		case <-time.After(f.drawDuration(every)):
			f.injectRandom()
		}
	}
	f.wg.Wait()
}

// drawDuration draws a time whose mean is given.
func (f *faultInjector) drawDuration(mean time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return drawExp(f.rng, mean)
}

// drawInt draws a number.
func (f *faultInjector) drawInt(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

// injectRandom lets one thing go wrong, unless it is broken already.
func (f *faultInjector) injectRandom() {
	sum := 0
	for _, one := range faults {
		sum += one.weight
	}
	n := f.drawInt(sum)
	duration := min(f.drawDuration(8*time.Second), time.Minute)
	for _, one := range faults {
		if n -= one.weight; n < 0 {
			f.inject(one, duration)
			return
		}
	}
}

func (f *faultInjector) inject(one fault, duration time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.component != "" && f.busy[one.component] {
		return
	}
	f.tried[one.name]++
	f.busy[one.component] = true
	if f.rng.IntN(3) == 0 {
		f.redisBackup = f.redis.copy()
	}
	f.wg.Go(func() {
		f.log.Info("trouble begins", "what", one.name, "for", duration)
		one.do(f, duration)
		f.log.Info("trouble ends", "what", one.name)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.busy[one.component] = false
	})
}

func (f *faultInjector) currentBot() *process {
	f.cluster.mu.Lock()
	defer f.cluster.mu.Unlock()
	return f.bot
}

func (f *faultInjector) restart(duration time.Duration) {
	f.currentBot().kill()
	time.Sleep(duration)
	f.startBot()
}

// drawRenderer draws a renderer.
func (f *faultInjector) drawRenderer() string { return f.slots[f.drawInt(len(f.slots))] }

func (f *faultInjector) claimRenderer(slot string) (p *process, mine bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[slot] {
		return nil, false
	}
	f.busy[slot] = true
	f.cluster.mu.Lock()
	defer f.cluster.mu.Unlock()
	return f.cluster.renderers[slot], true
}

func (f *faultInjector) releaseRenderer(slot string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy[slot] = false
}

func (f *faultInjector) killRenderer(duration time.Duration) {
	slot := f.drawRenderer()
	p, mine := f.claimRenderer(slot)
	if !mine {
		return
	}
	defer f.releaseRenderer(slot)
	p.kill()
	time.Sleep(duration)
	f.startRenderer(slot)
}

// cutRenderer takes a renderer's network away for a while; it goes on painting.
func (f *faultInjector) cutRenderer(duration time.Duration) {
	slot := f.drawRenderer()
	p, mine := f.claimRenderer(slot)
	if !mine {
		return
	}
	defer f.releaseRenderer(slot)
	p.gate.unplug(true)
	time.Sleep(duration * 4)
	p.gate.unplug(false)
}

func (f *faultInjector) reconnect(p *process) {
	p.gate.unplug(true)
	p.gate.unplug(false)
}

func (f *faultInjector) setDelay(mean time.Duration) {
	f.network.mu.Lock()
	defer f.network.mu.Unlock()
	f.network.delay = mean
}

// rollBack sets Redis back to an older copy of its data.
func (f *faultInjector) rollBack(duration time.Duration) {
	f.mu.Lock()
	old := f.redisBackup
	f.mu.Unlock()
	f.redis.stop()
	time.Sleep(duration)
	f.redis.start(old)
}

// drawChannel draws a channel.
func (f *faultInjector) drawChannel() (string, int) {
	n := f.drawInt(1 << 30)
	f.workload.mu.Lock()
	defer f.workload.mu.Unlock()
	n %= len(f.channels)
	return f.channels[n], n
}

// forbid takes the bot's permissions in a channel away for a while.
func (f *faultInjector) forbid(duration time.Duration) {
	c, _ := f.drawChannel()
	f.workload.mu.Lock()
	f.forbidden[c] = true
	f.workload.mu.Unlock()
	f.SetBotPermissions(c, 0)
	time.Sleep(duration)
	f.SetBotPermissions(c, memberPermissions)
}

// memberPermissions is what the bot may do in a channel as a rule.
const memberPermissions = 1<<10 | 1<<11 | 1<<14 | 1<<15 | 1<<16 | 1<<31 | 1<<38

// replaceChannel deletes a channel with everything in it, and its server opens another.
func (f *faultInjector) replaceChannel(time.Duration) {
	id, n := f.drawChannel()
	c, err := f.Channel(id)
	if err != nil || f.DeleteChannel(id) != nil {
		return
	}
	next, err := f.AddChannel(c.GuildID, "pictures")
	if err != nil {
		f.t.Error(err)
		return
	}
	f.workload.mu.Lock()
	defer f.workload.mu.Unlock()
	f.deleted[id] = true
	f.channels[n] = next.ID
}
