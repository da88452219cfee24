package sim

import (
	"fmt"
	"regexp"
	"time"

	"darkroom/bot/sandbox"
)

// fault is one kind of fault. do returns when the fault is over. Two faults of one component never overlap.
type fault struct {
	name      string
	component string
	weight    int
	do        func(f *faultInjector, duration time.Duration)
}

var faults = []fault{
	{"bot killed", "bot", 10, func(f *faultInjector, duration time.Duration) { f.restart(duration) }},
	{"bot killed for longer than a token lives", "bot", 1, func(f *faultInjector, duration time.Duration) {
		f.restart(16*time.Minute + duration)
	}},
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
	{"Discord answers 429 to one route", "discord", 5, during(sandbox.Fault{
		Scope: "user", After: 7 * time.Second, Path: answers})},
	{"Discord answers 429 to everything", "discord", 3, during(sandbox.Fault{Scope: "global", After: 5 * time.Second})},
	{"Discord is blocked by its proxy", "discord", 2, during(sandbox.Fault{HTML: true, Status: 429})},
	{"a proxy refuses everything", "discord", 2, during(sandbox.Fault{HTML: true, Status: 403})},
	{"messages cannot be edited", "discord", 3, during(sandbox.Fault{Code: 50083, Method: "PATCH", Path: edits})},
	{"one place answers 500", "channel", 4, (*faultInjector).breakPlace},
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
	{"bot may do nothing in a channel", "channel", 5, (*faultInjector).forbid},
	{"a channel is deleted", "channel", 2, (*faultInjector).replaceChannel},
}

var (
	answers   = regexp.MustCompile(`^/webhooks/`)
	callbacks = regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	dms       = regexp.MustCompile(`^/users/@me/channels$`)
	edits     = regexp.MustCompile(`^/(webhooks/\d+/[^/]+|channels/\d+)/messages/`)
)

// during returns a function that makes requests to Discord fail for a while.
func during(one sandbox.Fault) func(*faultInjector, time.Duration) {
	return func(f *faultInjector, duration time.Duration) {
		one.Times = -1
		remove := f.Fail(one)
		time.Sleep(duration)
		remove()
	}
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

// drawRenderer draws the slot of a renderer.
func (f *faultInjector) drawRenderer() string { return f.slots[f.drawInt(len(f.slots))] }

// claimRenderer marks a slot as having a fault. ok is false if it has one already.
func (f *faultInjector) claimRenderer(slot string) (p *process, ok bool) {
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
	p, ok := f.claimRenderer(slot)
	if !ok {
		return
	}
	defer f.releaseRenderer(slot)
	p.kill()
	time.Sleep(duration)
	f.startRenderer(slot)
}

// cutRenderer takes a renderer's network away for a while. The renderer continues its job.
func (f *faultInjector) cutRenderer(duration time.Duration) {
	slot := f.drawRenderer()
	p, ok := f.claimRenderer(slot)
	if !ok {
		return
	}
	defer f.releaseRenderer(slot)
	p.gate.unplug(true)
	time.Sleep(duration * 4)
	p.gate.unplug(false)
}

// reconnect cuts all connections of a process once.
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

// drawChannel draws a channel and returns its id and its index.
func (f *faultInjector) drawChannel() (string, int) {
	n := f.drawInt(1 << 30)
	f.workload.mu.Lock()
	defer f.workload.mu.Unlock()
	n %= len(f.channels)
	return f.channels[n], n
}

// forbid takes the bot's permissions in a channel away for a while, and remembers the channel for the oracle.
func (f *faultInjector) forbid(duration time.Duration) {
	c, _ := f.drawChannel()
	f.workload.mu.Lock()
	f.forbidden[c] = true
	f.workload.mu.Unlock()
	f.SetBotPermissions(c, 0)
	time.Sleep(duration)
	f.SetBotPermissions(c, memberPermissions)
}

// breakPlace has Discord answer 500 to everything in a channel for a while, and to an eighth of the
// interactions.
func (f *faultInjector) breakPlace(duration time.Duration) {
	c, n := f.drawChannel()
	place := regexp.MustCompile(fmt.Sprintf(`^/channels/%s/|^/webhooks/\d+/[^/]*[%d-%d]/`, c, n%8, n%8+1))
	during(sandbox.Fault{Status: 500, Path: place})(f, duration)
}

// memberPermissions are the bot's usual permissions in a channel, as Discord's bits.
const memberPermissions = 1<<10 | 1<<11 | 1<<14 | 1<<15 | 1<<16 | 1<<31 | 1<<38

// replaceChannel deletes a channel with its messages, and adds another one to its guild.
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
