package sim

import (
	"math/rand/v2"
	"regexp"
	"sync"
	"time"

	"darkroom/bot/sandbox"
)

// trouble is what goes wrong in a town, drawn from its own dice.
type trouble struct {
	*life
	dice  *rand.Rand
	slots []string
	wg    sync.WaitGroup

	mu    sync.Mutex
	busy  map[string]bool // what is broken at present
	tried map[string]int  // how often each fault was tried
	old   []value         // a copy of what Redis held, to be set back to
}

func newTrouble(l *life, slots ...string) *trouble {
	return &trouble{life: l, dice: rand.New(rand.NewPCG(l.seed, 4)), slots: slots, busy: map[string]bool{}, tried: map[string]int{}}
}

// fault is one thing that can go wrong. do returns once it is over; what it breaks is broken by nobody else meanwhile.
type fault struct {
	name   string
	breaks string
	weight int
	do     func(t *trouble, long time.Duration)
}

var faults = []fault{
	{"bot killed", "bot", 10, func(t *trouble, long time.Duration) { t.restart(long) }},
	{"bot killed for longer than a token lives", "bot", 1, func(t *trouble, long time.Duration) { t.restart(16*time.Minute + long) }},
	{"renderer killed", "", 14, (*trouble).killRenderer},
	{"renderer cut off the network", "", 6, (*trouble).cutRenderer},
	{"bot's connections cut", "bot", 6, func(t *trouble, _ time.Duration) { t.blip(t.theBot()) }},
	{"redis killed, data kept", "redis", 6, func(t *trouble, long time.Duration) { data := t.redis.stop(); time.Sleep(long); t.redis.start(data) }},
	{"redis killed, data lost", "redis", 5, func(t *trouble, long time.Duration) { t.redis.stop(); time.Sleep(long); t.redis.start(nil) }},
	{"redis emptied", "redis", 4, func(t *trouble, _ time.Duration) { t.redis.stop(); t.redis.start(nil) }},
	{"redis set back in time", "redis", 6, (*trouble).rollBack},
	{"redis loses calls and answers", "redis", 8, func(t *trouble, long time.Duration) { t.redis.losing(0.1); time.Sleep(long); t.redis.losing(0) }},
	{"slow links", "links", 4, func(t *trouble, long time.Duration) {
		t.slow(300 * time.Millisecond)
		time.Sleep(long)
		t.slow(2 * time.Millisecond)
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
	{"gateway asks to reconnect", "bot", 4, func(t *trouble, _ time.Duration) { t.Gateway.Reconnect() }},
	{"gateway forgets the session", "bot", 3, func(t *trouble, _ time.Duration) { t.Gateway.Invalidate(false) }},
	{"gateway falls silent", "bot", 2, func(t *trouble, long time.Duration) {
		t.Gateway.Silence(true)
		time.Sleep(long)
		t.Gateway.Silence(false)
	}},
	{"gateway repeats its events", "repeat", 3, func(t *trouble, long time.Duration) { t.Gateway.Duplicate(2); time.Sleep(long); t.Gateway.Duplicate(1) }},
	{"bot may do nothing in a channel", "place", 5, (*trouble).forbid},
	{"a channel is deleted", "place", 2, (*trouble).demolish},
}

var (
	answers   = regexp.MustCompile(`^/webhooks/`)
	callbacks = regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	dms       = regexp.MustCompile(`^/users/@me/channels$`)
)

// during sets a fault of Discord's for a while.
func during(f sandbox.Fault) func(*trouble, time.Duration) {
	return func(t *trouble, long time.Duration) {
		f.Times = -1
		remove := t.Fail(f)
		time.Sleep(long)
		remove()
	}
}

// reign makes trouble until stop is closed, and then puts everything in order.
func (t *trouble) reign(every time.Duration, stop <-chan struct{}) {
	for over := false; !over; {
		select {
		case <-stop:
			over = true
		case <-time.After(t.draw(every)):
			t.strike()
		}
	}
	t.wg.Wait()
}

// draw draws a time whose mean is given.
func (t *trouble) draw(mean time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return exp(t.dice, mean)
}

// below draws a number.
func (t *trouble) below(n int) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dice.IntN(n)
}

// strike lets one thing go wrong, unless it is broken already.
func (t *trouble) strike() {
	sum := 0
	for _, f := range faults {
		sum += f.weight
	}
	n := t.below(sum)
	long := min(t.draw(8*time.Second), time.Minute)
	for _, f := range faults {
		if n -= f.weight; n < 0 {
			t.begin(f, long)
			return
		}
	}
}

func (t *trouble) begin(f fault, long time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f.breaks != "" && t.busy[f.breaks] {
		return
	}
	t.tried[f.name]++
	t.busy[f.breaks] = true
	if t.dice.IntN(3) == 0 {
		t.old = t.redis.copy()
	}
	t.wg.Go(func() {
		t.log.Info("trouble begins", "what", f.name, "for", long)
		f.do(t, long)
		t.log.Info("trouble ends", "what", f.name)
		t.mu.Lock()
		defer t.mu.Unlock()
		t.busy[f.breaks] = false
	})
}

func (t *trouble) theBot() *process {
	t.town.mu.Lock()
	defer t.town.mu.Unlock()
	return t.bot
}

func (t *trouble) restart(long time.Duration) {
	t.theBot().kill()
	time.Sleep(long)
	t.startBot()
}

// slot draws a renderer.
func (t *trouble) slot() string { return t.slots[t.below(len(t.slots))] }

func (t *trouble) take(slot string) (p *process, mine bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[slot] {
		return nil, false
	}
	t.busy[slot] = true
	t.town.mu.Lock()
	defer t.town.mu.Unlock()
	return t.town.slots[slot], true
}

func (t *trouble) back(slot string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy[slot] = false
}

func (t *trouble) killRenderer(long time.Duration) {
	slot := t.slot()
	p, mine := t.take(slot)
	if !mine {
		return
	}
	defer t.back(slot)
	p.kill()
	time.Sleep(long)
	t.startRenderer(slot)
}

// cutRenderer takes a renderer's network away for a while; it goes on painting.
func (t *trouble) cutRenderer(long time.Duration) {
	slot := t.slot()
	p, mine := t.take(slot)
	if !mine {
		return
	}
	defer t.back(slot)
	p.gate.pull(true)
	time.Sleep(long * 4)
	p.gate.pull(false)
}

func (t *trouble) blip(p *process) {
	p.gate.pull(true)
	p.gate.pull(false)
}

func (t *trouble) slow(mean time.Duration) {
	t.street.mu.Lock()
	defer t.street.mu.Unlock()
	t.street.slow = mean
}

// rollBack sets Redis back to an older copy of its data.
func (t *trouble) rollBack(long time.Duration) {
	t.mu.Lock()
	old := t.old
	t.mu.Unlock()
	t.redis.stop()
	time.Sleep(long)
	t.redis.start(old)
}

// place draws a channel.
func (t *trouble) place() (string, int) {
	n := t.below(1 << 30)
	t.life.mu.Lock()
	defer t.life.mu.Unlock()
	n %= len(t.places)
	return t.places[n], n
}

// forbid takes the bot's permissions in a channel away for a while.
func (t *trouble) forbid(long time.Duration) {
	c, _ := t.place()
	t.life.mu.Lock()
	t.shut[c] = true
	t.life.mu.Unlock()
	t.SetBotPermissions(c, 0)
	time.Sleep(long)
	t.SetBotPermissions(c, memberPermissions)
}

// memberPermissions is what the bot may do in a channel as a rule.
const memberPermissions = 1<<10 | 1<<11 | 1<<14 | 1<<15 | 1<<16 | 1<<31 | 1<<38

// demolish deletes a channel with everything in it, and its server opens another.
func (t *trouble) demolish(time.Duration) {
	id, n := t.place()
	c, err := t.Channel(id)
	if err != nil || t.DeleteChannel(id) != nil {
		return
	}
	next, err := t.AddChannel(c.GuildID, "pictures")
	if err != nil {
		t.t.Error(err)
		return
	}
	t.life.mu.Lock()
	defer t.life.mu.Unlock()
	t.deleted[id] = true
	t.places[n] = next.ID
}
