package queue

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestQueueMatchesTheModel draws calls of all kinds, repeated, late and forged ones among them, and between them clocks
// that jump, epochs, servers that lose everything or go back to older data. It makes each call on the queue and on the
// model, and checks that both give the same answer and hold the same, and that the invariants hold. They are:
//
//	I1  no job is lost               modelFaults: the queue holds every job of the model; TestQueueDrains
//	I2  one valid lease              every answer to a lease, old or forged, is the model's; fences and epochs compared
//	I4  counters are sums            checkCounters, checkLeftovers
//	I5  limits hold                  ready of the model; Reserve is compared
//	I6  no renderer idles beside work    Reserve is compared with a search of all jobs
//	I7  fairness                     simulation_test.go
//	I8  no wait without bound        simulation_bound_test.go
//	I9  twice is once                each call may be drawn to be made twice, Reserve also late, with its nonce
//	I10 sets, indexes                checkSets, checkIndexes. Start tags may fall: see decision 10
//	I11 cancelled is not posted      Seal, Done and Reclaim after a cancel, by the model
//	I12 rebuilt as before            every unfinished job of the model is enqueued in the new epoch
//	I14 memory                       checkLeftovers; tombstones and records of Reserve are deleted as in the model
//
// I3 and I13 need the bot: cmd/darkroom has them.
func TestQueueMatchesTheModel(t *testing.T) {
	onEachBackend(t, propertyOptions, func(r *fixture) {
		t := r.TB.(*testing.T)
		f := &fact{Fault: "calls repeated, late or forged, clocks set back, Redis wiped or set back to an older copy, " +
			"in random order",
			Where: "scripts against a plain model, " + filepath.Base(t.Name()),
			Note:  "tries are steps; after each, every answer, job, account, counter and index was compared"}
		for range soakTimes(40) {
			rapid.Check(t, func(t *rapid.T) { f.tried(r.randomWalk(t)) })
		}
		f.write(t, "model "+filepath.Base(t.Name()))
	})
}

// FuzzQueue is the same property, for go test -fuzz to look for calls that break it.
func FuzzQueue(f *testing.F) {
	for i := range 8 { // so that a plain test run makes a few walks too
		f.Add(bytes.Repeat([]byte{byte(37 * i), 1, 128, byte(i)}, 500))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newFixture(t, propertyOptions, backends["embedded"])
		rapid.MakeFuzz(func(t *rapid.T) { r.randomWalk(t) })(t, data)
	})
}

// propertyOptions are small, so that a short walk reaches every limit.
var propertyOptions = Options{Lease: 30 * time.Second, Backoff: 5 * time.Second, MaxBackoff: 12 * time.Second,
	ReclaimGrace: 20 * time.Second, KeepEnded: 2 * time.Minute, MaxEnded: 8, MaxWaiting: 12}

// randomWalk makes one random walk, in an epoch of its own, and returns how many steps it had.
func (r *fixture) randomWalk(t *rapid.T) int {
	r.wipe()
	p := &property{fixture: r, T: t, m: newModel(r.opts, r.clock.Now())}
	p.newEpoch(t)
	t.Repeat(map[string]func(*rapid.T){
		"enqueue": p.enqueue, "reserve": p.reserve, "heartbeat": p.heartbeat, "seal": p.seal, "done": p.done,
		"fail": p.fail, "release": p.release, "cancel": p.cancel, "wait": p.wait, "reclaim": p.reclaim, "rare": p.rare,
		"": p.checkInvariants,
	})
	return p.steps
}

// rare draws what would end most walks too early if it were as likely as the rest.
func (p *property) rare(t *rapid.T) {
	pick(t, "rare", p.limit, p.limit, p.pause, p.pause, p.giveUp, p.newEpoch, p.loseData, p.loseData, p.rendererDied)(t)
}

// property is one run.
type property struct {
	*fixture
	*rapid.T
	m          *model
	leases     []Lease // all leases so far
	ids        int
	steps      int
	epochs     int64             // begun so far; an older copy may be behind
	nonces     map[string]string // the last one of each slot
	savedCopy  poolCopy          // an older copy of the data
	savedModel *model            // the model when it was made, nil if none was
}

func (p *property) checkInvariants(t *rapid.T) {
	p.steps++
	if faults := append(p.fixture.invariantFaults(), p.modelFaults()...); len(faults) > 0 {
		t.Fatalf("invariant broken: %q", faults)
	}
	if lost, err := p.Verify(p.ctx); lost != "" || err != nil && !errors.Is(err, ErrEpoch) {
		t.Fatalf("a whole queue: %q lost, %v", lost, err)
	}
}

func mustEqual[V comparable](t *rapid.T, what string, got, want V, err error) {
	if err != nil || got != want {
		t.Fatalf("%s: got %v, %v; want %v", what, got, err, want)
	}
}

func pick[V any](t *rapid.T, what string, from ...V) V { return rapid.SampledFrom(from).Draw(t, what) }

func (p *property) enqueue(t *rapid.T) {
	p.ids++
	j := Job{
		ID: fmt.Sprint(p.ids), Lane: pick(t, "lane", "1:a", "1:b", "1:a:x", "1:a:y", "1:b:x"),
		Server: pick(t, "server", "s1", "s2", "s3"), User: pick(t, "user", "u1", "u2"),
		Cost:       pick[int64](t, "cost", 1, 700, 1000, 45_000),
		MaxRunning: pick(t, "most running", 0, 1, 3), Pictures: pick(t, "pictures", 1, 4), MaybePosted: pick(t,
			"maybe posted", false, false, true),
		BatchKey: pick(t, "batch", "", "512", "768"), Weight: pick(t, "weight", 0, 0, 30), ServerWeight: pick(t,
			"server's weight", 0, 0, 250),
	}
	j.Needs = laneNeeds[j.Lane]
	if rapid.Bool().Draw(t, "repeated") && p.ids > 1 {
		j.ID = fmt.Sprint(rapid.IntRange(1, p.ids).Draw(t, "id"))
	}
	p.enqueueBoth(t, j)
}

// enqueueBoth enqueues a job on both.
func (p *property) enqueueBoth(t *rapid.T, j Job) {
	got, err := p.Enqueue(p.ctx, p.epoch, j)
	want := p.m.enqueue(j)
	if want == "FULL" && errors.Is(err, ErrFull) {
		return
	}
	mustEqual(t, "enqueued", fmt.Sprint(got.Duplicate, got.Cancelled), fmt.Sprint(want != "OK", want == "CANCELLED"), err)
}

func (p *property) limit(t *rapid.T) {
	server, most := pick(t, "server", "s1", "s2", "s3"), pick(t, "most running", 0, 1, 3)
	p.m.limit(server, most)
	mustEqual(t, "limit", 0, 0, p.LimitRunning(p.ctx, server, most))
}

// laneChoices are what a renderer can take: loaded, partly loaded, and in both orders.
var laneChoices = [][]Lane{Lanes("1:a"), Lanes("1:a", "1:b"), Lanes("1:b", "1:a"),
	{{Name: "1:a"}, {Name: "1:b", Load: 300 * time.Millisecond}},
	{{Name: "1:b"}, {Name: "1:a", Load: 15 * time.Second}},
	{{Name: "1:a", Load: time.Second}, {Name: "1:b", Load: time.Second}}}

// laneNeeds is what jobs of lanes of three parts need, and addonChoices are what renderers have.
var (
	laneNeeds    = map[string][]string{"1:a:x": {sha("1")}, "1:a:y": {sha("1"), sha("2")}, "1:b:x": {sha("1")}}
	addonChoices = []Addons{{}, NewAddons(sha("1")), NewAddons(sha("2")), NewAddons(sha("2"), sha("1"))}
)

func (p *property) reserve(t *rapid.T) {
	o := Capacity{
		Lanes: pick(t, "lanes", laneChoices...), Addons: pick(t, "add-ons", addonChoices...), MaxJobs: pick(t, "max", 1, 3),
	}
	slot := pick(t, "slot", "w1", "w2")
	if rapid.IntRange(0, 3).Draw(t, "nonce") > 0 || p.nonces[slot] == "" {
		p.calls++
		p.nonces[slot] = fmt.Sprint("n", p.calls)
	}
	for range rapid.IntRange(1, 2).Draw(t, "times") {
		p.reserveOnce(t, slot, o)
	}
}

func (p *property) reserveOnce(t *rapid.T, slot string, o Capacity) {
	nonce := p.nonces[slot]
	want, repeated := p.m.repeatReserve(slot, nonce)
	if !repeated {
		want = p.m.reserve(o)
		p.m.recordReserve(slot, nonce, want)
	}
	got, err := p.Reserve(p.ctx, slot, nonce, o)
	mustEqual(t, "reserved", fmt.Sprint(ids(got)), fmt.Sprint(want), err)
	for _, l := range got {
		p.checkLease(t, l)
	}
}

// checkLease checks what a lease says.
func (p *property) checkLease(t *rapid.T, l Lease) {
	j := p.m.jobs[l.Job.ID]
	mustEqual(t, "lease", fmt.Sprint(l.Token, l.Attempt, l.Job.MaybePosted, l.Cancelled),
		fmt.Sprint(Token{p.m.epoch, j.fence}, j.attempts, j.maybePosted, j.cancel), nil)
	p.leases = append(p.leases, l)
}

func ids(leases []Lease) (all []string) {
	for _, l := range leases {
		all = append(all, l.Job.ID)
	}
	return all
}

// lease draws one of the leases so far, mostly a late one, and how often the call is made.
func (p *property) lease(t *rapid.T) (l Lease, times int) {
	if len(p.leases) == 0 {
		t.Skip("no lease yet")
	}
	last := len(p.leases) - 1
	return p.leases[rapid.IntRange(max(0, last-6), last).Draw(t, "lease")], rapid.IntRange(1, 2).Draw(t, "times")
}

// verdict is the model's answer to a lease, or that it is of another epoch.
func (p *property) verdict(l Lease, of func(Lease) Verdict) Verdict {
	if l.Token.Epoch != p.m.epoch {
		return EpochChanged
	}
	return of(l)
}

func (p *property) heartbeat(t *rapid.T) {
	l, _ := p.lease(t)
	got, err := p.fixture.heartbeat(l, rapid.IntRange(0, 100).Draw(t, "percent"))
	mustEqual(t, "heartbeat", got, p.verdict(l, p.m.heartbeat), err)
}

func (p *property) seal(t *rapid.T) {
	l, times := p.lease(t)
	for range times {
		got, err := p.Seal(p.ctx, l)
		mustEqual(t, "seal", got, p.verdict(l, p.m.seal), err)
	}
}

func (p *property) done(t *rapid.T) {
	l, times := p.lease(t)
	actual := pick[int64](t, "actual", 0, 900, 60_000)
	for range times {
		got, err := p.Done(p.ctx, l, actual, Outcome{})
		mustEqual(t, "done", got, p.verdict(l, func(l Lease) Verdict { return p.m.done(l, actual) }), err)
	}
}

func (p *property) fail(t *rapid.T) {
	l, times := p.lease(t)
	kind := pick(t, "kind", "error", "for good", "crash")
	for range times {
		got, err := p.failOnce(l, kind)
		if l.Token.Epoch != p.m.epoch {
			if !errors.Is(err, ErrEpoch) {
				t.Fatalf("fail in an old epoch: %v, %v; want ErrEpoch", got, err)
			}
			continue
		}
		mustEqual(t, "final", got, p.m.fail(l, kind != "for good", kind == "crash"), err)
	}
}

func (p *property) failOnce(l Lease, kind string) (final bool, err error) {
	if kind == "crash" {
		return p.Crashed(p.ctx, l, "it fell over")
	}
	return p.Queue.Fail(p.ctx, l, "no luck", kind != "for good")
}

func (p *property) release(t *rapid.T) {
	l, times := p.lease(t)
	checked := rapid.Bool().Draw(t, "checked")
	for range times {
		call := p.Release
		if checked {
			call = p.ConfirmCancel
		}
		got, err := call(p.ctx, l)
		mustEqual(t, "release", got, p.verdict(l, func(l Lease) Verdict { return p.m.release(l, checked) }), err)
	}
}

func (p *property) cancel(t *rapid.T) {
	id := fmt.Sprint(rapid.IntRange(1, p.ids+1).Draw(t, "id"))
	if rapid.Bool().Draw(t, "elsewhere") {
		got, err := p.RemoveEnded(p.ctx, id)
		mustEqual(t, "remove ended", got, p.m.cancel(id, true), err)
		return
	}
	got, err := p.Cancel(p.ctx, id, "somebody")
	mustEqual(t, "cancel", got, p.m.cancel(id, false), err)
}

func (p *property) giveUp(t *rapid.T) {
	id := fmt.Sprint(rapid.IntRange(1, p.ids+1).Draw(t, "id"))
	got, err := p.GiveUp(p.ctx, id, "nobody has it")
	mustEqual(t, "gave up", got, p.m.giveUp(id), err)
}

func (p *property) wait(t *rapid.T) {
	p.clock.advance(time.Duration(rapid.IntRange(-10, 60).Draw(t, "seconds")) * time.Second)
	p.m.now = p.clock.Now()
	got, err := p.Reap(p.ctx)
	mustEqual(t, "reaped", got, p.m.reap(), err)
}
