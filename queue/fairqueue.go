package queue

import (
	"cmp"
	"container/heap"
	"slices"
)

const (
	maxCatchUp         = 60_000 // milliseconds that an account may catch up by; see lua/prelude.lua
	maxPassedOver      = 180_000
	maxBatchCandidates = 16 // as in lua/reserve.lua
)

// fairQueue is the queue in plain Go, for estimates: it starts jobs by the rules of lua/reserve.lua and
// lua/prelude.lua, from the content of a Snapshot.
type fairQueue struct {
	virtualTime int64
	busyServers int // servers that have a job
	servers     map[string]*account
	lanes       map[string]*accountHeap // servers that have a job to start in a lane
}

// account is a server or one of its users.
type account struct {
	name                  string // escaped: it decides ties
	startTag, virtualTime int64  // start tag of its next job, and that of a newcomer in it
	jobs                  int    // that wait or run
	server                *account

	// Of a server.
	users     map[string]*account
	busyUsers int                     // users that have a job
	lanes     map[string]*accountHeap // users that have a job to start in a lane

	// Of a user.
	running, maxRunning int                     // images
	flows               map[string][]*JobStatus // by lane, the oldest first
}

// newFairQueue has the accounts of a snapshot and no jobs. Without limits a user may run any number of images.
func newFairQueue(s Snapshot, limits bool) *fairQueue {
	r := &fairQueue{virtualTime: s.virtualTime, servers: map[string]*account{}, lanes: map[string]*accountHeap{}}
	for name, t := range s.accounts {
		server := r.server(name)
		server.startTag, server.virtualTime = t.startTag, t.virtualTime
		for name, t := range t.users {
			user := server.user(name)
			user.startTag = t.startTag
			if limits {
				user.maxRunning = t.maxRunning
			}
		}
	}
	return r
}

func (r *fairQueue) server(name string) *account {
	if r.servers[name] == nil {
		r.servers[name] = &account{name: escape(name), users: map[string]*account{}, lanes: map[string]*accountHeap{}}
	}
	return r.servers[name]
}

func (a *account) user(name string) *account {
	if a.users[name] == nil {
		a.users[name] = &account{name: escape(name), server: a, flows: map[string][]*JobStatus{}}
	}
	return a.users[name]
}

// add counts a job and puts it into the queue.
func (r *fairQueue) add(j *JobStatus, lane string) {
	r.count(j)
	r.insert(j, lane)
}

// insert puts a counted job into its position in the queue.
func (r *fairQueue) insert(j *JobStatus, lane string) {
	u := r.server(j.Server).user(j.User)
	flow := u.flows[lane]
	at := len(flow)
	for at > 0 && flow[at-1].seq > j.seq {
		at--
	}
	u.flows[lane] = slices.Insert(flow, at, j)
	r.index(u)
}

// count counts a job for its accounts, waiting, delayed or leased.
func (r *fairQueue) count(j *JobStatus) *account {
	s := r.server(j.Server)
	u := s.user(j.User)
	if s.jobs++; s.jobs == 1 {
		r.busyServers++
	}
	if u.jobs++; u.jobs == 1 {
		s.busyUsers++
	}
	return u
}

// addRunning counts a job that runs already.
func (r *fairQueue) addRunning(j *JobStatus) { r.count(j).running += j.size }

// remove removes a job that ran.
func (r *fairQueue) remove(j *JobStatus) {
	s := r.server(j.Server)
	u := s.user(j.User)
	u.running -= j.size
	if u.jobs--; u.jobs == 0 {
		s.busyUsers--
	}
	if s.jobs--; s.jobs == 0 {
		r.busyServers--
	}
	r.index(u)
}

// head is a user's oldest job of a lane, if it may start.
func (a *account) head(lane string) *JobStatus {
	flow := a.flows[lane]
	if len(flow) == 0 || a.maxRunning > 0 && a.running > 0 && a.running+flow[0].size > a.maxRunning {
		return nil
	}
	return flow[0]
}

// index adds a user to every lane where it has a job to start. Nothing is removed here: firstReady does that.
func (r *fairQueue) index(u *account) {
	for lane := range u.flows {
		if u.head(lane) == nil {
			continue
		}
		addToLane(u.server.lanes, lane, u)
		addToLane(r.lanes, lane, u.server)
	}
}

func addToLane(lanes map[string]*accountHeap, lane string, a *account) {
	if lanes[lane] == nil {
		lanes[lane] = &accountHeap{members: map[*account]bool{}}
	}
	lanes[lane].add(a)
}

// nextUser returns the user of a server whose job of a lane starts next, or nil.
func (a *account) nextUser(lane string) *account {
	return a.lanes[lane].firstReady(func(u *account) bool { return u.head(lane) != nil })
}

// nextServer returns the server that is served next in a lane, or nil.
func (r *fairQueue) nextServer(lane string) *account {
	return r.lanes[lane].firstReady(func(s *account) bool { return s.nextUser(lane) != nil })
}

// start starts a user's oldest job of a lane. least is the least start tag of the servers that could have been served.
func (r *fairQueue) start(u *account, lane string, least int64) *JobStatus {
	s, j := u.server, u.head(lane)
	leastUser := s.nextUser(lane).startTag
	costS, costU := weightedCost(j.Cost, j.serverWeight), weightedCost(j.Cost, j.weight)
	s.startTag, u.startTag = max(s.startTag, r.virtualTime-maxCatchUp), max(u.startTag, s.virtualTime-maxCatchUp)
	r.virtualTime = max(r.virtualTime, least+costS/int64(r.busyServers+1))
	s.virtualTime = max(s.virtualTime, leastUser+costU/int64(s.busyUsers+1))
	s.startTag, u.startTag = s.startTag+costS, u.startTag+costU
	u.flows[lane] = u.flows[lane][1:]
	u.running += j.size
	return j
}

// userWithBatch finds the account whose oldest job in a lane has a batch key, or nil. It looks at a few accounts, in
// the order of their start tags.
func (r *fairQueue) userWithBatch(lane, batch string) (found *account) {
	left := maxBatchCandidates
	r.lanes[lane].eachReady(func(s *account) bool { return s.nextUser(lane) != nil }, func(s *account) bool {
		s.lanes[lane].eachReady(func(u *account) bool { return u.head(lane) != nil }, func(u *account) bool {
			if u.head(lane).batchKey == batch {
				found = u
			}
			left--
			return found == nil && left > 0
		})
		return found == nil && left > 0
	})
	return found
}

// weightedCost is what an account of a weight (in percent, 0 is 100) pays for a number of milliseconds.
func weightedCost(cost int64, weight int) int64 { return cost * 100 / int64(cmp.Or(weight, 100)) }

// accountHeap orders accounts by start tag. An entry's start tag may be older, so lower, than that of its account: it
// is corrected when the entry comes first.
type accountHeap struct {
	entries []heapEntry
	members map[*account]bool
}

type heapEntry struct {
	startTag int64
	*account
}

func (r *accountHeap) add(a *account) {
	if !r.members[a] {
		r.members[a] = true
		heap.Push(r, heapEntry{a.startTag, a})
	}
}

// firstReady returns the ready account with the lowest start tag, and drops accounts on its way that are not ready.
func (r *accountHeap) firstReady(ready func(*account) bool) *account {
	for r != nil && len(r.entries) > 0 {
		switch top := &r.entries[0]; {
		case !ready(top.account):
			delete(r.members, top.account)
			heap.Pop(r)
		case top.startTag < top.account.startTag:
			top.startTag = top.account.startTag
			heap.Fix(r, 0)
		default:
			return top.account
		}
	}
	return nil
}

// eachReady calls visit with the ready accounts in the order of their start tags, until it returns false.
func (r *accountHeap) eachReady(ready, visit func(*account) bool) {
	var visited []*account
	for a := r.firstReady(ready); a != nil; a = r.firstReady(ready) {
		visited = append(visited, a)
		delete(r.members, a)
		heap.Pop(r)
		if !visit(a) {
			break
		}
	}
	for _, a := range visited {
		r.add(a)
	}
}

// Len, Less, Swap, Push and Pop make it a heap.
func (r *accountHeap) Len() int { return len(r.entries) }

func (r *accountHeap) Less(i, j int) bool {
	a, b := r.entries[i], r.entries[j]
	return cmp.Or(cmp.Compare(a.startTag, b.startTag), cmp.Compare(a.name, b.name)) < 0
}

func (r *accountHeap) Swap(i, j int) { r.entries[i], r.entries[j] = r.entries[j], r.entries[i] }

func (r *accountHeap) Push(x any) { r.entries = append(r.entries, x.(heapEntry)) }

func (r *accountHeap) Pop() any {
	last := r.entries[len(r.entries)-1]
	r.entries = slices.Delete(r.entries, len(r.entries)-1, len(r.entries))
	return last
}
