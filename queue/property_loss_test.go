package queue

import (
	"errors"

	"pgregory.net/rapid"
)

// newEpoch begins one, as the bot does, and enqueues some of the unfinished jobs. Those that a renderer had are marked.
func (p *property) newEpoch(t *rapid.T) {
	unfinished := p.m.unfinished()
	p.epochs++
	p.epoch = p.epochs
	mustEqual(t, "begin", 0, 0, p.BeginEpoch(p.ctx, p.epoch))
	p.m.beginEpoch(p.epoch)
	p.nonces = map[string]string{}
	for _, j := range unfinished[:rapid.IntRange(0, len(unfinished)).Draw(t, "enqueued again")] {
		job := j.Job
		job.WasRunning = j.state == 'L' || j.state == 'S'
		job.MaybePosted = j.maybePosted || job.WasRunning
		job.Crashes = j.crashes
		p.enqueueBoth(t, job)
	}
}

// reclaim has a renderer ask for a job that it had, or believes it had.
func (p *property) reclaim(t *rapid.T) {
	l, times := p.lease(t)
	slot := pick(t, "slot", l.Slot, l.Slot, "w1")
	l.Sealed = rapid.Bool().Draw(t, "sealed")
	for range times {
		got, v, err := p.Reclaim(p.ctx, slot, l)
		want := p.m.reclaim(l, slot)
		mustEqual(t, "reclaimed", v, want, err)
		if got.Token != (Token{}) {
			p.checkLease(t, got)
		} else if want == OK {
			t.Fatal("reclaimed, but no lease came with it")
		}
	}
}

func (p *property) rendererDied(t *rapid.T) {
	slot := pick(t, "slot", "w1", "w2")
	died := p.RendererDied
	blameless := rapid.Bool().Draw(t, "blameless")
	if blameless {
		died = p.ReleaseSlot
	}
	p.m.rendererDied(slot, blameless)
	mustEqual(t, "renderer died", 0, 0, died(p.ctx, slot))
}

func (p *property) pause(t *rapid.T) {
	s := pick(t, "scope", Scope{}, Scope{Server: "s1"}, Scope{Lane: "1:a"}, Scope{Lane: "1:a:x"})
	on := rapid.Bool().Draw(t, "on")
	p.m.pause(s, on)
	if on {
		mustEqual(t, "pause", 0, 0, p.Pause(p.ctx, s, "to see"))
	} else {
		mustEqual(t, "resume", 0, 0, p.Resume(p.ctx, s))
	}
}

// loseData has the server lose its data: all, or what came after a copy was made. After the latter nobody may notice
// for a while, so the walk goes on; then an epoch begins.
func (p *property) loseData(t *rapid.T) {
	switch what := pick(t, "what", "copy", "fall back", "all"); {
	case what == "copy":
		p.savedCopy, p.savedModel = p.fixture.copyPool(), p.m.clone()
	case what == "all":
		p.wipe()
		p.m = newModel(p.opts, p.clock.Now())
		p.mustRefuseAll(t)
		p.newEpoch(t)
	case p.savedModel != nil:
		p.restore(p.savedCopy)
		now := p.m.now
		p.m = p.savedModel.clone()
		p.m.now, p.epoch = now, p.m.epoch
		if rapid.Bool().Draw(t, "another run of the server") {
			mustEqual(t, "run", 0, 0, p.db.HSet(p.ctx, p.opts.rootKey(), "run", "another").Err())
			p.mustRefuseReserve(t)
		}
	}
}

// mustRefuseReserve checks that a server with older data leases nothing until an epoch begins, and says so.
func (p *property) mustRefuseReserve(t *rapid.T) {
	_, empty, err := p.Queue.Epoch(p.ctx)
	mustEqual(t, "empty", empty, true, err)
	if _, err := p.Reserve(p.ctx, "w1", "n", Capacity{Lanes: Lanes("a", "b")}); !errors.Is(err, ErrEpoch) {
		t.Fatalf("reserve on a server that fell back: %v; want ErrEpoch", err)
	}
	p.newEpoch(t)
}

// mustRefuseAll checks that a queue without an epoch refuses every call.
func (p *property) mustRefuseAll(t *rapid.T) {
	_, err := p.Enqueue(p.ctx, p.epoch, job("x", "s", "u"))
	_, err2 := p.Reserve(p.ctx, "w1", "n", Capacity{Lanes: Lanes("a")})
	_, err3 := p.Cancel(p.ctx, "1", "somebody")
	for _, err := range []error{err, err2, err3} {
		if !errors.Is(err, ErrEpoch) {
			t.Fatalf("without an epoch: %v; want ErrEpoch", err)
		}
	}
	if len(p.leases) > 0 {
		got, err := p.Seal(p.ctx, p.leases[len(p.leases)-1])
		mustEqual(t, "seal", got, EpochChanged, err)
	}
}
