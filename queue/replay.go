package queue

import (
	"cmp"
	"container/heap"
	"slices"
)

const (
	hoard    = 60_000 // milliseconds that an account may catch up by; lua/line.lua says why
	patience = 180_000
	heads    = 16 // as in lua/reserve.lua
)

// replay is the line in plain Go, to foretell by: it starts jobs by the rule of lua/reserve.lua and lua/line.lua, from
// what a Snapshot holds.
type replay struct {
	v       int64
	busy    int // servers
	servers map[string]*account
	lanes   map[string]*ranks // servers that have a job to start in a lane
}

// account is a server or one of its users.
type account struct {
	name   string // escaped: it decides ties
	v, at  int64  // start tag of its next job, and of a newcomer in it
	jobs   int    // that wait or run
	server *account

	// Of a server.
	users map[string]*account
	busy  int               // users that have a job
	lanes map[string]*ranks // users that have a job to start in a lane

	// Of a user.
	running, max int                    // pictures
	flows        map[string][]*Standing // by lane, the oldest first
}

// newReplay has the accounts of a snapshot, without jobs. Without limits every user may run any number of pictures.
func newReplay(s Snapshot, limits bool) *replay {
	r := &replay{v: s.v, servers: map[string]*account{}, lanes: map[string]*ranks{}}
	for name, t := range s.tallies {
		server := r.server(name)
		server.v, server.at = t.v, t.at
		for name, t := range t.users {
			user := server.user(name)
			user.v = t.v
			if limits {
				user.max = t.max
			}
		}
	}
	return r
}

func (r *replay) server(name string) *account {
	if r.servers[name] == nil {
		r.servers[name] = &account{name: escape(name), users: map[string]*account{}, lanes: map[string]*ranks{}}
	}
	return r.servers[name]
}

func (a *account) user(name string) *account {
	if a.users[name] == nil {
		a.users[name] = &account{name: escape(name), server: a, flows: map[string][]*Standing{}}
	}
	return a.users[name]
}

// wait counts a job and puts it in line.
func (r *replay) wait(j *Standing, lane string) {
	r.count(j)
	r.queue(j, lane)
}

// queue puts a counted job into its place in line.
func (r *replay) queue(j *Standing, lane string) {
	u := r.server(j.Server).user(j.User)
	flow := u.flows[lane]
	at := len(flow)
	for at > 0 && flow[at-1].seq > j.seq {
		at--
	}
	u.flows[lane] = slices.Insert(flow, at, j)
	r.index(u)
}

// count notes that an account has a job, waiting, delayed or held.
func (r *replay) count(j *Standing) *account {
	s := r.server(j.Server)
	u := s.user(j.User)
	if s.jobs++; s.jobs == 1 {
		r.busy++
	}
	if u.jobs++; u.jobs == 1 {
		s.busy++
	}
	return u
}

// hold notes a job that runs already.
func (r *replay) hold(j *Standing) { r.count(j).running += j.size }

// end takes a job out that ran.
func (r *replay) end(j *Standing) {
	s := r.server(j.Server)
	u := s.user(j.User)
	u.running -= j.size
	if u.jobs--; u.jobs == 0 {
		s.busy--
	}
	if s.jobs--; s.jobs == 0 {
		r.busy--
	}
	r.index(u)
}

// head is a user's oldest job of a lane, if it may start.
func (a *account) head(lane string) *Standing {
	flow := a.flows[lane]
	if len(flow) == 0 || a.max > 0 && a.running > 0 && a.running+flow[0].size > a.max {
		return nil
	}
	return flow[0]
}

// index brings a user into every lane where it has a job to start. Nothing is taken out: least does that.
func (r *replay) index(u *account) {
	for lane := range u.flows {
		if u.head(lane) == nil {
			continue
		}
		add(u.server.lanes, lane, u)
		add(r.lanes, lane, u.server)
	}
}

func add(lanes map[string]*ranks, lane string, a *account) {
	if lanes[lane] == nil {
		lanes[lane] = &ranks{in: map[*account]bool{}}
	}
	lanes[lane].add(a)
}

// first returns the user of a server whose job of a lane starts next, or nil.
func (a *account) first(lane string) *account {
	return a.lanes[lane].least(func(u *account) bool { return u.head(lane) != nil })
}

// first returns the server that is served next in a lane, or nil.
func (r *replay) first(lane string) *account {
	return r.lanes[lane].least(func(s *account) bool { return s.first(lane) != nil })
}

// start starts a user's oldest job of a lane; least is the least v of the servers that could have been served.
func (r *replay) start(u *account, lane string, least int64) *Standing {
	s, j := u.server, u.head(lane)
	leastUser := s.first(lane).v
	costS, costU := share(j.Cost, j.serverWeight), share(j.Cost, j.weight)
	s.v, u.v = max(s.v, r.v-hoard), max(u.v, s.at-hoard)
	r.v = max(r.v, least+costS/int64(r.busy+1))
	s.at = max(s.at, leastUser+costU/int64(s.busy+1))
	s.v, u.v = s.v+costS, u.v+costU
	u.flows[lane] = u.flows[lane][1:]
	u.running += j.size
	return j
}

// mate finds the account whose oldest job in a lane has a batch, or nil; few are looked at, in the order of what they are
// owed.
func (r *replay) mate(lane, batch string) (mate *account) {
	left := heads
	r.lanes[lane].each(func(s *account) bool { return s.first(lane) != nil }, func(s *account) bool {
		s.lanes[lane].each(func(u *account) bool { return u.head(lane) != nil }, func(u *account) bool {
			if u.head(lane).batch == batch {
				mate = u
			}
			left--
			return mate == nil && left > 0
		})
		return mate == nil && left > 0
	})
	return mate
}

// share is what an account of a weight (in percent, 0 is 100) pays for some milliseconds.
func share(cost int64, weight int) int64 { return cost * 100 / int64(cmp.Or(weight, 100)) }

// ranks orders accounts by what they are owed. An entry's v may be older, so smaller, than its account's: it is put right
// when it comes up.
type ranks struct {
	all []rank
	in  map[*account]bool
}

type rank struct {
	v int64
	*account
}

func (r *ranks) add(a *account) {
	if !r.in[a] {
		r.in[a] = true
		heap.Push(r, rank{a.v, a})
	}
}

// least returns the account that is owed most of those that are ready, and drops those it meets that are not.
func (r *ranks) least(ready func(*account) bool) *account {
	for r != nil && len(r.all) > 0 {
		switch top := &r.all[0]; {
		case !ready(top.account):
			delete(r.in, top.account)
			heap.Pop(r)
		case top.v < top.account.v:
			top.v = top.account.v
			heap.Fix(r, 0)
		default:
			return top.account
		}
	}
	return nil
}

// each calls what with the accounts that are ready, those who are owed most first, until it returns false.
func (r *ranks) each(ready, what func(*account) bool) {
	var met []*account
	for a := r.least(ready); a != nil; a = r.least(ready) {
		met = append(met, a)
		delete(r.in, a)
		heap.Pop(r)
		if !what(a) {
			break
		}
	}
	for _, a := range met {
		r.add(a)
	}
}

// Len, Less, Swap, Push and Pop make it a heap.
func (r *ranks) Len() int { return len(r.all) }

func (r *ranks) Less(i, j int) bool {
	a, b := r.all[i], r.all[j]
	return cmp.Or(cmp.Compare(a.v, b.v), cmp.Compare(a.name, b.name)) < 0
}

func (r *ranks) Swap(i, j int) { r.all[i], r.all[j] = r.all[j], r.all[i] }

func (r *ranks) Push(x any) { r.all = append(r.all, x.(rank)) }

func (r *ranks) Pop() any {
	last := r.all[len(r.all)-1]
	r.all = slices.Delete(r.all, len(r.all)-1, len(r.all))
	return last
}
