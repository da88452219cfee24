package queue

import (
	"errors"

	"pgregory.net/rapid"
)

// newEpoch begins one, as the owner of the truth does, and enqueues some of what was not finished. Those that a
// renderer held are marked.
func (p *property) newEpoch(t *rapid.T) {
	owed := p.m.unfinished()
	p.epochs++
	p.epoch = p.epochs
	same(t, "begin", 0, 0, p.Begin(p.ctx, p.epoch))
	p.m.begin(p.epoch)
	p.nonces = map[string]string{}
	for _, j := range owed[:rapid.IntRange(0, len(owed)).Draw(t, "enqueued again")] {
		job := j.Job
		job.Held = j.state == 'L' || j.state == 'S'
		job.Look = j.look || job.Held
		p.put(t, job)
	}
}

// adopt has a renderer ask for a job it had, or believes it had.
func (p *property) adopt(t *rapid.T) {
	l, times := p.lease(t)
	slot := pick(t, "slot", l.Slot, l.Slot, "w1")
	l.Sealed = rapid.Bool().Draw(t, "sealed")
	for range times {
		got, v, err := p.Adopt(p.ctx, slot, l)
		want := p.m.adopt(l, slot)
		same(t, "adopted", v, want, err)
		if got.Token != (Token{}) {
			p.leased(t, got)
		} else if want == OK {
			t.Fatal("adopted, but no lease came with it")
		}
	}
}

func (p *property) pause(t *rapid.T) {
	s := pick(t, "scope", Scope{}, Scope{Server: "s1"}, Scope{Lane: "a"})
	on := rapid.Bool().Draw(t, "on")
	p.m.pause(s, on)
	if on {
		same(t, "pause", 0, 0, p.Pause(p.ctx, s, "to see"))
	} else {
		same(t, "resume", 0, 0, p.Resume(p.ctx, s))
	}
}

// lose has the server lose what it knew: all, or what came after a copy was made. Nobody may notice for a while after
// the latter, so the walk goes on; then an epoch begins.
func (p *property) lose(t *rapid.T) {
	switch what := pick(t, "what", "copy", "fall back", "all"); {
	case what == "copy":
		p.copy, p.then = p.rig.keep(), p.m.copied()
	case what == "all":
		p.wipe()
		p.m = newModel(p.opts, p.clock.Now())
		p.nothingWorks(t)
		p.newEpoch(t)
	case p.then != nil:
		p.restore(p.copy)
		now := p.m.now
		p.m = p.then.copied()
		p.m.now, p.epoch = now, p.m.epoch
		if rapid.Bool().Draw(t, "another run of the server") {
			same(t, "run", 0, 0, p.db.HSet(p.ctx, p.opts.rootKey(), "run", "another").Err())
			p.nothingIsLent(t)
		}
	}
}

// nothingIsLent proves that a server that fell back lends nothing until an epoch begins, and says so to who asks.
func (p *property) nothingIsLent(t *rapid.T) {
	_, empty, err := p.Queue.Epoch(p.ctx)
	same(t, "empty", empty, true, err)
	if _, err := p.Reserve(p.ctx, "w1", "n", Offer{Lanes: Lanes("a", "b")}); !errors.Is(err, ErrEpoch) {
		t.Fatalf("reserve on a server that fell back: %v; want ErrEpoch", err)
	}
	p.newEpoch(t)
}

// nothingWorks proves that a line without an epoch takes and gives nothing.
func (p *property) nothingWorks(t *rapid.T) {
	_, err := p.Enqueue(p.ctx, p.epoch, job("x", "s", "u"))
	_, err2 := p.Reserve(p.ctx, "w1", "n", Offer{Lanes: Lanes("a")})
	_, err3 := p.Cancel(p.ctx, "1", "somebody")
	for _, err := range []error{err, err2, err3} {
		if !errors.Is(err, ErrEpoch) {
			t.Fatalf("without an epoch: %v; want ErrEpoch", err)
		}
	}
	if len(p.leases) > 0 {
		got, err := p.Seal(p.ctx, p.leases[len(p.leases)-1])
		same(t, "seal", got, Epoch, err)
	}
}
