package queue

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// bound is the longest a job may wait (I8). It is computed when the job is enqueued, from the start tags of that
// moment, for lanes that are loaded and costs that are true.
//
// Until the job starts, its user u pays for the jobs before it, e. Another user of the server is served only while its
// start tag is not higher, so it gets up to u's tag + e less its own tag, and one job more. All that together, w, is
// what the server can pay meanwhile; so another server gets up to the server's tag + w less its own, and one job more.
// No account starts below the virtual time, and while the job waits every renderer works.
type bound struct {
	*simulation
	servers, users []string // all that exist
	ahead          map[string]int64
	limits         map[string]time.Duration
}

func trackBounds(s *simulation, servers, users []string) *bound {
	b := &bound{simulation: s, servers: servers, users: users, ahead: map[string]int64{},
		limits: map[string]time.Duration{}}
	s.onEnqueue = b.onArrival
	s.onLease = func(l Lease) { b.ahead[l.Job.Server+" "+l.Job.User] -= l.Job.Cost }
	return b
}

func (b *bound) onArrival(j Job) {
	who := j.Server + " " + j.User
	prefix := b.opts.epochPrefix(b.epoch)
	servers := b.db.HGetAll(b.ctx, prefix+"servers").Val()
	users := b.db.HGetAll(b.ctx, prefix+"users:"+escape(j.Server)).Val()
	now := number(b.db.HGet(b.ctx, prefix+"counters", "virtualtime").Val())
	server := newTags(servers[escape(j.Server)], 0)
	w := b.ahead[who] + workOfOthers(b.users, j.User, users, server.virtualTime, b.ahead[who])
	w += workOfOthers(b.servers, j.Server, servers, int64(now), w)
	b.limits[j.ID] = time.Duration(w/int64(len(b.renderers))+maxRenderMillis) * time.Millisecond
	b.ahead[who] += j.Cost
}

// workOfOthers is what others can get before an account has paid so much more.
func workOfOthers(names []string, mine string, records map[string]string, v, pays int64) (sum int64) {
	own := max(newTags(records[escape(mine)], v).startTag, v-maxCatchUp) + pays
	for _, name := range names {
		if name != mine {
			sum += max(0, own-newTags(records[escape(name)], v).startTag) + maxRenderMillis
		}
	}
	return sum
}

// tags are those of a record, or of an account that would start at the virtual time.
type tags struct{ startTag, virtualTime int64 }

func newTags(record string, v int64) tags {
	f := strings.Fields(record)
	if len(f) == 0 {
		return tags{v, v}
	}
	return tags{int64(number(f[0])), int64(number(f[1]))}
}

// TestWaitStaysWithinTheBound runs simulations and compares every wait with its bound.
func TestWaitStaysWithinTheBound(t *testing.T) {
	t.Parallel()
	f := &fact{Fault: "bursts by a few servers and users", Where: "fairness, real scripts in virtual time", Seed: seed(t)}
	random := rand.New(rand.NewPCG(2, f.Seed))
	var tightest float64
	for range soakTimes(20) {
		tightest = max(tightest, tightestWait(t, random))
		f.tried(burstJobs)
	}
	f.Note = fmt.Sprintf("no job waited longer than its bound (invariant I8); the longest wait took %.0f %% of it",
		100*tightest)
	t.Log(f.Note)
	f.write(t, "bound")
}

// tightestWait runs one simulation and returns how much of its bound the longest wait took.
func tightestWait(t *testing.T, random *rand.Rand) (tightest float64) {
	servers, users := names("server ", 8), names("user ", 5)
	s := newSimulation(newFixture(t, Options{Lease: time.Hour}, backends["redis"]), 3,
		burstWorkload(random, servers, users))
	s.loadTime = 0
	b := trackBounds(s, servers, users)
	s.simulate()
	for id, waited := range s.waits {
		if waited > b.limits[id] {
			t.Errorf("job %s waited %v; want at most %v", id, waited, b.limits[id])
		}
		tightest = max(tightest, float64(waited)/float64(b.limits[id]))
	}
	return tightest
}

const burstJobs = 500

func names(of string, n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprint(of, i))
	}
	return all
}

// burstWorkload has jobs come in bursts, most of them from a few users, about as fast as three renderers can render.
func burstWorkload(random *rand.Rand, servers, users []string) (all []arrival) {
	zipfS, zipfU := rand.NewZipf(random, 1.4, 1, uint64(len(servers)-1)), rand.NewZipf(random, 1.4, 1,
		uint64(len(users)-1))
	var at time.Duration
	for len(all) < burstJobs {
		at += time.Duration(random.ExpFloat64() * 20 * float64(time.Second))
		server, user := servers[zipfS.Uint64()], users[zipfU.Uint64()]
		for range 1 + random.IntN(14) {
			all = append(all, arrival{at: at, Job: Job{
				ID: fmt.Sprint("j-", len(all)), Server: server, User: user, Lane: simLanes[random.IntN(3)],
				Cost: maxRenderMillis/2 + random.Int64N(maxRenderMillis/2), Spec: []byte(`{}`), Address: []byte(`{}`),
			}})
		}
	}
	return all
}

// TestServersShareByWeight checks I7: of servers that always have jobs, at any time what each got divided by its weight
// is the same but for two jobs.
func TestServersShareByWeight(t *testing.T) {
	onEachBackend(t, Options{Lease: time.Hour}, func(r *fixture) {
		random := rand.New(rand.NewPCG(3, seed(r.TB)))
		weights := map[string]int{"plain": 100, "double": 200, "half": 50}
		var all []arrival
		for server, weight := range weights {
			for i := range 100 {
				all = append(all, arrival{Job: Job{
					ID: fmt.Sprint(server, "-", i), Server: server, User: fmt.Sprint("u",
						i%3), Lane: simLanes[i%3], ServerWeight: weight,
					Cost: maxRenderMillis/2 + random.Int64N(maxRenderMillis/2), Spec: []byte(`{}`), Address: []byte(`{}`),
				}})
			}
		}
		s := newSimulation(r, 3, all)
		s.loadTime = 0
		given, left := map[string]int64{}, map[string]int{"plain": 100, "double": 100, "half": 100}
		s.onLease = func(l Lease) {
			given[l.Job.Server] += l.Job.Cost * 100 / int64(weights[l.Job.Server])
			left[l.Job.Server]--
			for a := range weights {
				for b := range weights {
					if d := given[a] - given[b]; left[a] > 0 && left[b] > 0 && d > 2*maxRenderMillis*100/50 {
						r.Errorf("%s was given %d ms over its weight more than %s", a, d, b)
					}
				}
			}
		}
		s.simulate()
	})
}
