package queue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTheLineDoesAsTheModel draws calls of all kinds, repeated, late and forged ones among them, makes them on the
// line and on the model, and proves after each that both answer the same and that the line is sound.
func TestTheLineDoesAsTheModel(t *testing.T) {
	o := Options{Lease: 30 * time.Second, Backoff: 5 * time.Second, MaxBackoff: 12 * time.Second}
	each(t, o, func(r *rig) {
		rapid.Check(r.TB.(*testing.T), func(t *rapid.T) {
			r.epoch++
			if err := r.Begin(r.ctx, r.epoch); err != nil {
				t.Fatal(err)
			}
			p := &property{rig: r, T: t, m: newModel(r.opts, r.clock.Now())}
			t.Repeat(map[string]func(*rapid.T){
				"enqueue": p.enqueue, "reserve": p.reserve, "beat": p.beat, "seal": p.seal, "done": p.done,
				"fail": p.fail, "release": p.release, "cancel": p.cancel, "limit": p.limit, "wait": p.wait, "": p.sound,
			})
		})
	})
}

// property is one run.
type property struct {
	*rig
	*rapid.T
	m      *model
	leases []Lease // all that were ever given
	ids    int
}

func (p *property) sound(t *rapid.T) {
	if faults := p.rig.faults(); len(faults) > 0 {
		t.Fatalf("unsound: %q", faults)
	}
}

func same[V comparable](t *rapid.T, what string, got, want V, err error) {
	if err != nil || got != want {
		t.Fatalf("%s: got %v, %v; want %v", what, got, err, want)
	}
}

func pick[V any](t *rapid.T, what string, from ...V) V { return rapid.SampledFrom(from).Draw(t, what) }

func (p *property) enqueue(t *rapid.T) {
	p.ids++
	j := Job{
		ID: fmt.Sprint(p.ids), Lane: pick(t, "lane", "a", "b"), Server: pick(t, "server", "s1", "s2", "s3"),
		User: pick(t, "user", "u1", "u2"), Cost: pick[int64](t, "cost", 1, 700, 1000, 45_000),
		MaxRunning: pick(t, "most running", 0, 1, 3), Pictures: pick(t, "pictures", 1, 4), Look: pick(t, "look", false, false, true),
		Batch: pick(t, "batch", "", "512", "768"),
	}
	if rapid.Bool().Draw(t, "repeated") && p.ids > 1 {
		j.ID = fmt.Sprint(rapid.IntRange(1, p.ids).Draw(t, "id"))
	}
	got, err := p.Enqueue(p.ctx, p.epoch, j)
	same(t, "duplicate", got.Duplicate, p.m.enqueue(j), err)
}

func (p *property) limit(t *rapid.T) {
	server, most := pick(t, "server", "s1", "s2", "s3"), pick(t, "most running", 0, 1, 3)
	p.m.limit(server, most)
	same(t, "limit", 0, 0, p.LimitRunning(p.ctx, server, most))
}

func (p *property) reserve(t *rapid.T) {
	o := Offer{Lanes: pick(t, "lanes", Lanes("a"), Lanes("a", "b"), Lanes("b", "a")), Max: pick(t, "max", 1, 3)}
	p.calls++
	slot, nonce := pick(t, "slot", "w1", "w2"), fmt.Sprint("n", p.calls)
	got, err := p.Reserve(p.ctx, slot, nonce, o)
	same(t, "reserved", fmt.Sprint(ids(got)), fmt.Sprint(p.m.reserve(o)), err)
	for _, l := range got {
		j := p.m.jobs[l.Job.ID]
		same(t, "lease", fmt.Sprint(l.Token.Fence, l.Attempt, l.Job.Look), fmt.Sprint(j.fence, j.attempts, j.look), nil)
	}
	p.leases = append(p.leases, got...)
	if len(got) > 0 && rapid.Bool().Draw(t, "answer lost") {
		again, err := p.Reserve(p.ctx, slot, nonce, o)
		same(t, "reserved again", fmt.Sprint(ids(again)), fmt.Sprint(ids(got)), err)
	}
}

func ids(leases []Lease) (all []string) {
	for _, l := range leases {
		all = append(all, l.Job.ID)
	}
	return all
}

// lease draws one of the leases given so far, mostly a late one, and how often the call is made.
func (p *property) lease(t *rapid.T) (l Lease, times int) {
	if len(p.leases) == 0 {
		t.Skip("no lease yet")
	}
	last := len(p.leases) - 1
	return p.leases[rapid.IntRange(max(0, last-6), last).Draw(t, "lease")], rapid.IntRange(1, 2).Draw(t, "times")
}

func (p *property) beat(t *rapid.T) {
	l, _ := p.lease(t)
	got, err := p.rig.beat(l, rapid.IntRange(0, 100).Draw(t, "percent"))
	same(t, "beat", got, p.m.beat(l), err)
}

func (p *property) seal(t *rapid.T) {
	l, times := p.lease(t)
	for range times {
		got, err := p.Seal(p.ctx, l)
		same(t, "seal", got, p.m.seal(l), err)
	}
}

func (p *property) done(t *rapid.T) {
	l, times := p.lease(t)
	actual := pick[int64](t, "actual", 0, 900, 60_000)
	for range times {
		got, err := p.Done(p.ctx, l, actual, Outcome{})
		same(t, "done", got, p.m.done(l, actual), err)
	}
}

func (p *property) fail(t *rapid.T) {
	l, times := p.lease(t)
	retry := rapid.Bool().Draw(t, "retry")
	for range times {
		got, err := p.Queue.Fail(p.ctx, l, "no luck", retry)
		same(t, "final", got, p.m.fail(l, retry), err)
	}
}

func (p *property) release(t *rapid.T) {
	l, times := p.lease(t)
	looked := rapid.Bool().Draw(t, "looked")
	for range times {
		call := p.Release
		if looked {
			call = p.Stopped
		}
		got, err := call(p.ctx, l)
		same(t, "release", got, p.m.release(l, looked), err)
	}
}

func (p *property) cancel(t *rapid.T) {
	id := fmt.Sprint(rapid.IntRange(1, p.ids+1).Draw(t, "id"))
	got, err := p.Cancel(p.ctx, id, "somebody")
	same(t, "cancel", got, p.m.cancel(id), err)
}

func (p *property) wait(t *rapid.T) {
	p.clock.advance(time.Duration(rapid.IntRange(0, 40).Draw(t, "seconds")) * time.Second)
	p.m.now = p.clock.Now()
	got, err := p.Reap(p.ctx)
	same(t, "reaped", got, p.m.reap(), err)
}

// TestALineThatIsServedEnds proves that nothing is ever stuck: whatever jobs there are, renderers that take every lane
// finish them all, in the order that Position foretold when nothing gets in between.
func TestALineThatIsServedEnds(t *testing.T) {
	each(t, Options{}, func(r *rig) {
		rapid.Check(r.TB.(*testing.T), func(t *rapid.T) {
			r.epoch++
			if err := r.Begin(r.ctx, r.epoch); err != nil {
				t.Fatal(err)
			}
			p := &property{rig: r, T: t, m: newModel(r.opts, r.clock.Now())}
			for range rapid.IntRange(1, 25).Draw(t, "jobs") {
				p.enqueue(t)
			}
			var served []string
			for {
				p.calls++
				l, err := r.Reserve(r.ctx, "w", fmt.Sprint("n", p.calls), Offer{Lanes: Lanes("a", "b")})
				if err != nil {
					t.Fatal(err)
				}
				if len(l) == 0 {
					break
				}
				served = append(served, l[0].Job.ID)
				if v, err := r.Done(r.ctx, l[0], l[0].Job.Cost, Outcome{}); v != OK || err != nil {
					t.Fatal(v, err)
				}
			}
			slices.Sort(served)
			if len(slices.Compact(served)) != len(p.m.jobs) {
				t.Fatalf("served %v, want all %d jobs once", served, len(p.m.jobs))
			}
			p.sound(t)
		})
	})
}
