package queue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// needing is a job of model a that needs more than the model.
func needing(id string, needs ...string) Job {
	j := job(id, "s", "u"+id)
	j.Lane, j.Needs = "1:a", needs
	if len(needs) > 0 {
		j.Lane += ":" + strings.Join(needs, "")[:4] + fmt.Sprint(len(needs))
	}
	return j
}

// leaseAll leases every job that a renderer can take.
func (r *fixture) leaseAll(slot string, o Capacity) (got []string) {
	r.Helper()
	for {
		r.calls++
		l, err := r.Reserve(r.ctx, slot, fmt.Sprint("call ", r.calls), o)
		if err != nil {
			r.Fatal(err)
		}
		if len(l) == 0 {
			slices.Sort(got)
			return got
		}
		got = append(got, l[0].Job.ID)
		if l[0].Job.Lane == "1:a" != (len(l[0].Job.Needs) == 0) {
			r.Errorf("job %+v", l[0].Job)
		}
	}
}

// TestARendererGetsJobsThatItHasAllFor: a job with add-ons waits for a renderer that has every one of them.
func TestARendererGetsJobsThatItHasAllFor(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		ink, glow := sha("1"), sha("2")
		r.enqueueUnchecked(needing("plain"), needing("ink", ink), needing("glow", glow), needing("both", ink, glow))
		for _, c := range []struct {
			has  Addons
			want string
		}{
			{Addons{}, "[plain]"},
			{NewAddons(sha("3")), "[]"},
			{NewAddons(ink, sha("3")), "[ink]"},
			{NewAddons(glow, ink), "[both glow]"},
		} {
			o := Capacity{Lanes: Lanes("2:a", "1:a"), Addons: c.has}
			if got := fmt.Sprint(r.leaseAll("w", o)); got != c.want {
				r.Errorf("with %v: leased %v, want %v", c.has.hashes, got, c.want)
			}
		}
	})
}

func TestNeedsAreForgottenWithTheLastJob(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		has := Capacity{Lanes: Lanes("1:a"), Addons: NewAddons(sha("1"))}
		known := func() int64 { return r.db.HLen(r.ctx, r.opts.needsKey(r.epoch)).Val() }
		j := job("0-0", "s", "u")
		j.Lane, j.Needs = "1:a:x", laneNeeds["1:a:x"]
		k := j
		k.ID = "1-0"
		r.enqueue(j, k)
		r.mustCancel("0-0", CancelRemoved)
		if known() != 1 {
			r.Error("forgotten with the first of two jobs")
		}
		r.finish(r.reserve("w", has)[0])
		if known() != 0 {
			r.Error("kept after the last job")
		}
		k.ID = "2-0"
		r.enqueue(k)
		if err := r.BeginEpoch(r.ctx, 2); err != nil {
			r.Fatal(err)
		}
		r.epoch = 2
		r.enqueue(k) // as the bot does with every unfinished job
		if l := r.reserve("w", has); len(l) != 1 || l[0].Job.ID != "2-0" {
			r.Errorf("leased %v in the next epoch, want the job that needs more", l)
		}
	})
}

// TestUnusedSetsOfAddonsAreDeleted: and a renderer that still uses one sends it again, unasked.
func TestUnusedSetsOfAddonsAreDeleted(t *testing.T) {
	onEachBackend(t, Options{Lease: time.Hour}, func(r *fixture) {
		has := Capacity{Lanes: Lanes("1:a"), Addons: NewAddons(sha("1"))}
		j := job("0-0", "s", "u")
		j.Lane, j.Needs = "1:a:x", laneNeeds["1:a:x"]
		r.enqueue(j)
		r.reserve("w", has)
		stored := func() int64 { return r.db.Exists(r.ctx, r.opts.epochPrefix(1)+"addons:"+has.Addons.digest).Val() }
		if stored() != 1 {
			r.Error("the set was not stored")
		}
		r.clock.advance(11 * time.Minute)
		r.mustReap(0)
		if stored() != 0 {
			r.Error("the set is kept")
		}
		j.ID = "1-0"
		r.enqueue(j)
		if l := r.reserve("w", has); len(l) != 1 {
			r.Error("no job after the set was deleted")
		}
	})
}

func TestPauseOfAModelHoldsForItsLanesWithNeeds(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		has := Capacity{Lanes: Lanes("1:a", "1:b"), Addons: NewAddons(sha("1"), sha("2"))}
		for i, lane := range []string{"1:a:x", "1:b:x", "1:a"} {
			j := job(fmt.Sprint(i, "-0"), "s", fmt.Sprint("u", i))
			j.Lane, j.Needs = lane, laneNeeds[lane]
			r.enqueue(j)
		}
		if err := r.Pause(r.ctx, Scope{Lane: "1:a"}, "rest"); err != nil {
			r.Fatal(err)
		}
		s, err := r.Snapshot(r.ctx)
		if err != nil {
			r.Fatal(err)
		}
		for _, j := range s.Jobs {
			if want := j.Lane != "1:b:x"; j.Paused != want || !slices.Equal(j.Needs, laneNeeds[j.Lane]) {
				r.Errorf("%+v, want paused %v", j, want)
			}
		}
		if got := fmt.Sprint(r.leaseAll("w", has)); got != "[1-0]" {
			r.Errorf("leased %v, want that of the other model", got)
		}
		if err := r.Resume(r.ctx, Scope{Lane: "1:a"}); err != nil {
			r.Fatal(err)
		}
		if got := fmt.Sprint(r.leaseAll("w", has)); got != "[0-0 2-0]" {
			r.Errorf("leased %v, want those of the model", got)
		}
	})
}

func TestEstimateKnowsWhoHasTheAddons(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueUnchecked(needing("p-0"), needing("i-0", sha("1")), needing("g-0", sha("2")))
		plain := Renderer{Slot: "v", Lanes: Lanes("1:a")}
		ink := Renderer{Slot: "w", Lanes: Lanes("1:a"), Addons: []Addon{{Hash: sha("1")}}}
		r.wantEstimates(map[string]string{"p-0": "0-1"}, plain)
		r.wantEstimates(map[string]string{"p-0": "0-1", "i-0": "1-2"}, ink)
		r.wantEstimates(map[string]string{"p-0": "0-1", "i-0": "0-1"}, plain, ink)
		ink.Parts = []string{sha("2")} // what comes with a model
		r.wantEstimates(map[string]string{"p-0": "0-1", "i-0": "1-2", "g-0": "2-3"}, ink)
		s, err := r.Snapshot(r.ctx)
		if err != nil {
			r.Fatal(err)
		}
		s = s.WithJobs(needing("n-0", sha("1")))
		e := EstimateTimes(s, []Renderer{ink})["n-0"]
		if e.Start.Sub(s.At) != 3*time.Second {
			r.Errorf("a newcomer starts after %v, want 3s", e.Start.Sub(s.At))
		}
	})
}

// TestLoadingAModelServesItsLanesWithNeeds: a model is loaded once for all its lanes.
func TestLoadingAModelServesItsLanesWithNeeds(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.enqueueUnchecked(needing("p-0"), needing("i-0", sha("1")))
		cold := Renderer{Slot: "w", Addons: []Addon{{Hash: sha("1")}},
			Lanes: []Lane{{Name: "1:b"}, {Name: "1:a", Load: 3 * time.Second}}}
		r.wantEstimates(map[string]string{"p-0": "0-4", "i-0": "4-5"}, cold)
	})
}

func TestGiveUp(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		giveUp := func(id string, want bool) {
			r.Helper()
			if got, err := r.GiveUp(r.ctx, id, "nobody has it"); got != want || err != nil {
				r.Errorf("give up %s: %v, %v; want %v", id, got, err, want)
			}
			r.checkInvariants()
		}
		r.enqueueMany(2, job("x", "s", "u"))
		l := r.mustLease("w", "x-0")
		giveUp("x-0", false)
		giveUp("x-1", true)
		giveUp("x-1", false)
		giveUp("y-0", false)
		r.finish(l)
		r.wantEvents("leased x-0", "failed x-1", "sealed x-0", "done x-0")
		if e := r.events()[1]; e.Reason != "nobody has it" {
			r.Errorf("reason %q", e.Reason)
		}
	})
}

func TestNeedsAndLaneMustAgree(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		for _, change := range []func(*Job){
			func(j *Job) { j.Lane = "1:a" },
			func(j *Job) { j.Needs = nil },
			func(j *Job) { j.Needs = []string{"x"} },
			func(j *Job) { j.Needs = slices.Repeat(j.Needs, maxNeeds+1) },
		} {
			j := needing("0-0", sha("1"))
			change(&j)
			if _, err := r.Enqueue(r.ctx, r.epoch, j); err == nil {
				r.Errorf("lane %s with needs %v was enqueued", j.Lane, j.Needs)
			}
		}
	})
}

// TestOfATieTheFirstLaneWins: whatever order Redis lists the lanes in.
func TestOfATieTheFirstLaneWins(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		has := Capacity{Lanes: Lanes("1:a"), Addons: NewAddons(sha("1")), MaxJobs: 1}
		const servers = 8
		for i := range servers { // each begins one millisecond after the one before
			j := job(fmt.Sprint("first-", i), fmt.Sprint("s", i), "u")
			j.Lane, j.Cost = "1:a", int64(1000-i)
			r.enqueueUnchecked(j)
		}
		for range servers {
			r.reserve("w", has)
		}
		for i := range servers {
			j := job(fmt.Sprint("tie-", i), fmt.Sprint("s", i), "u")
			j.Lane, j.Needs = fmt.Sprint("1:a:", (i+3)%servers), []string{sha("1")}
			r.enqueueUnchecked(j)
		}
		l, err := r.Reserve(r.ctx, "w", "tie", has)
		if err != nil || len(l) != 1 || l[0].Job.Lane != "1:a:0" {
			r.Errorf("leased %+v, %v; want the job of the first lane", l, err)
		}
	})
}

// TestAForgottenLaneIsNotPassedOver: a lane without jobs has not waited, whenever its next job comes.
func TestAForgottenLaneIsNotPassedOver(t *testing.T) {
	onEachBackend(t, Options{Lease: time.Hour}, func(r *fixture) {
		has := Capacity{Lanes: []Lane{{Name: "1:b"}, {Name: "1:a", Load: time.Minute}}, Addons: addonChoices[3], MaxJobs: 1}
		plain, needs := job("b", "s", "u"), job("a-0", "s2", "u2")
		plain.Lane, needs.Lane, needs.Needs = "1:b", "1:a:x", laneNeeds["1:a:x"]
		r.enqueue(needs)
		r.enqueueMany(4, plain)
		if l := r.reserve("w", has); l[0].Job.Lane != "1:b" {
			r.Fatalf("leased %s, want a job whose model is loaded", l[0].Job.ID)
		}
		r.mustCancel("a-0", CancelRemoved)
		r.clock.advance(4 * time.Minute)
		needs.ID = "a-1"
		r.enqueue(needs)
		if l := r.reserve("w", has); l[0].Job.Lane != "1:b" {
			r.Errorf("leased %s, as if its lane had waited for minutes", l[0].Job.ID)
		}
	})
}

func TestGiveUpWaitsForTheRendererOfTheEarlierEpoch(t *testing.T) {
	onEachBackend(t, Options{}, func(r *fixture) {
		r.epoch = 2
		if err := r.BeginEpoch(r.ctx, 2); err != nil {
			r.Fatal(err)
		}
		j := job("x-0", "s", "u")
		j.WasRunning = true
		r.enqueue(j)
		if got, err := r.GiveUp(r.ctx, "x-0", "nobody has it"); got || err != nil {
			r.Errorf("gave up a job that its renderer may reclaim: %v, %v", got, err)
		}
		r.clock.advance(r.opts.ReclaimGrace)
		r.mustReap(1)
		if got, err := r.GiveUp(r.ctx, "x-0", "nobody has it"); !got || err != nil {
			r.Errorf("did not give up a job that waits: %v, %v", got, err)
		}
	})
}
