package queue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// model is the queue in plain Go, written to be obviously right: no index, every question answered by looking at all
// jobs. The property in property_test.go compares the scripts with it.
type model struct {
	o           Options
	now         time.Time
	virtualTime int64
	seq         int64
	fence       int64
	jobs        map[string]*modelJob
	servers     map[string]*modelAccount

	epoch        int64 // 0 when there is none
	began        time.Time
	pauses       map[Scope]bool
	passedOver   map[string]time.Time   // since when a lane is passed over
	lastReserves map[string]lastReserve // by slot
}

type modelJob struct {
	Job
	state                               byte      // as in lua/states.lua
	kind                                EventKind // how it ended
	seq, fence                          int64
	attempts, errors, crashes           int
	maybePosted, cancel, cancelledEarly bool // cancelledEarly: cancelled before it came
	since, until                        time.Time
	slot                                string
	previousToken                       Token // of the epoch before, when it was reclaimed
}

type modelAccount struct {
	startTag, virtualTime int64
	maxRunning            int
	users                 map[string]*modelAccount
}

func newModel(o Options, now time.Time) *model {
	return &model{o: o, now: now, jobs: map[string]*modelJob{}, servers: map[string]*modelAccount{},
		pauses: map[Scope]bool{}, passedOver: map[string]time.Time{}, lastReserves: map[string]lastReserve{}}
}

func (m *model) count(match func(*modelJob) bool) (n int) {
	for _, j := range m.jobs {
		if j.state != 'E' && match(j) {
			n++
		}
	}
	return n
}

func (m *model) server(name string) *modelAccount {
	if m.servers[name] == nil {
		m.servers[name] = &modelAccount{users: map[string]*modelAccount{}}
	}
	return m.servers[name]
}

func (m *model) user(server, name string) *modelAccount {
	s := m.server(server)
	if s.users[name] == nil {
		s.users[name] = &modelAccount{}
	}
	return s.users[name]
}

func (m *model) busyServer(name string) bool {
	return m.count(func(j *modelJob) bool { return j.Server == name }) > 0
}

func (m *model) busyUser(server, name string) bool {
	return m.count(func(j *modelJob) bool { return j.Server == server && j.User == name }) > 0
}

// forgetIdle forgets what an idle server or an idle pool need not remember.
func (m *model) forgetIdle() {
	for name := range m.servers {
		if !m.busyServer(name) {
			m.servers[name].users, m.servers[name].virtualTime = map[string]*modelAccount{}, 0
		}
	}
	for lane := range m.passedOver { // a lane with needs is forgotten with its last job
		if strings.Count(lane, ":") == 2 && m.count(func(j *modelJob) bool { return j.Lane == lane }) == 0 {
			delete(m.passedOver, lane)
		}
	}
	if m.count(func(*modelJob) bool { return true }) == 0 {
		m.virtualTime, m.servers, m.passedOver = 0, map[string]*modelAccount{}, map[string]time.Time{}
	}
}

func (m *model) enqueue(j Job) (answer string) {
	known := m.jobs[j.ID]
	early := known != nil && known.cancelledEarly && j.MaybePosted
	waiting := m.count(func(j *modelJob) bool { return j.state == 'W' || j.state == 'D' })
	switch {
	case early:
	case known != nil && known.state == 'E' && known.kind == JobCancelled:
		known.cancelledEarly = false
		return "CANCELLED"
	case known != nil:
		return "DUP"
	}
	if m.o.MaxWaiting > 0 && waiting >= m.o.MaxWaiting {
		return "FULL"
	}
	grace := m.began.Add(m.o.ReclaimGrace)
	waits := j.WasRunning && m.now.Before(grace)
	if j.WasRunning && !waits && !early {
		j.Crashes++ // too late for its renderer to come
	}
	if j.Crashes >= m.o.MaxCrashes && !waits && !early {
		m.jobs[j.ID] = &modelJob{state: 'E', kind: JobFailed, until: m.now}
		return "DUP"
	}
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	if !m.busyServer(j.Server) && s.startTag <= m.virtualTime {
		s.startTag, m.virtualTime = m.virtualTime, m.virtualTime+1
	}
	if !m.busyUser(j.Server, j.User) && u.startTag <= s.virtualTime {
		u.startTag, s.virtualTime = s.virtualTime, s.virtualTime+1
	}
	u.maxRunning = j.MaxRunning
	m.seq++
	k := &modelJob{Job: j, state: 'W', seq: m.seq, crashes: j.Crashes, maybePosted: j.MaybePosted, cancel: early}
	if waits {
		k.state, k.until = 'D', grace
	}
	m.jobs[j.ID] = k
	return "OK"
}

// limit sets a limit for all users of a server that have jobs.
func (m *model) limit(server string, most int) {
	for _, j := range m.jobs {
		if j.state != 'E' && j.Server == server {
			m.user(server, j.User).maxRunning = most
		}
	}
}

// ready lists the jobs of the lane that may start: the oldest of each user, if the user's limit allows it.
func (m *model) ready(lane string) (all []*modelJob) {
	for _, j := range m.jobs {
		if j.state != 'W' || j.Lane != lane || m.isPaused(j) {
			continue
		}
		older := m.count(func(x *modelJob) bool {
			return x.state == 'W' && x.Lane == lane && x.Server == j.Server && x.User == j.User && x.seq < j.seq
		})
		if u := m.user(j.Server, j.User); older == 0 && (u.maxRunning == 0 || m.running(j) == 0 ||
			m.running(j)+j.Pictures <= u.maxRunning) {
			all = append(all, j)
		}
	}
	return all
}

// running counts the running images of a job's user.
func (m *model) running(j *modelJob) (n int) {
	for _, x := range m.jobs {
		if (x.state == 'L' || x.state == 'S') && x.Server == j.Server && x.User == j.User {
			n += x.Pictures
		}
	}
	return n
}

// reserve leases the next jobs: a lane is delayed by its load time, until it was passed over for long.
func (m *model) reserve(o Capacity) (ids []string) {
	first, least := m.choose(m.lanesFor(o))
	if first == nil {
		return nil
	}
	m.lease(first, least)
	for ids = []string{first.ID}; len(ids) < o.MaxJobs && first.BatchKey != ""; {
		heads := m.readyInOrder(first.Lane)
		heads = heads[:min(len(heads), 16)]
		i := slices.IndexFunc(heads, func(j *modelJob) bool { return j.BatchKey == first.BatchKey })
		if i < 0 {
			break
		}
		m.lease(heads[i], least)
		ids = append(ids, heads[i].ID)
	}
	return ids
}

// lanesFor lists the lanes that a slot can take: each that it names, followed by those with needs that it stands for.
func (m *model) lanesFor(o Capacity) (all []Lane) {
	for _, l := range o.Lanes {
		all = append(all, l)
		variants := map[string]bool{}
		for _, j := range m.unfinished() {
			have := !slices.ContainsFunc(j.Needs, func(hash string) bool { return !slices.Contains(o.Addons.hashes, hash) })
			if len(j.Needs) > 0 && strings.HasPrefix(j.Lane, l.Name+":") && have {
				variants[j.Lane] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(variants)) {
			all = append(all, Lane{Name: name, Load: l.Load})
		}
	}
	return all
}

// choose returns the next job: of the server with the lowest start tag the user with the lowest, of equal users the
// oldest job; and the least start tag of the servers that have a job to start in any of the lanes.
func (m *model) choose(lanes []Lane) (best *modelJob, least int64) {
	var ready []*modelJob
	bias := map[string]int64{}
	for _, l := range lanes {
		bias[l.Name] = ms(affinity * l.Load)
		if since, ok := m.passedOver[l.Name]; ok && m.now.Sub(since) > 3*time.Minute {
			bias[l.Name] = 0
		}
		ready = append(ready, m.readyInOrder(l.Name)...)
	}
	server := func(j *modelJob) int64 { return m.server(j.Server).startTag }
	user := func(j *modelJob) int64 { return m.user(j.Server, j.User).startTag }
	for i, j := range ready {
		if least = min(least, server(j)); i == 0 {
			least = server(j)
		}
		if best == nil || server(j)+bias[j.Lane] < server(best)+bias[best.Lane] {
			best = j
		}
	}
	for _, j := range ready { // the first of a lane's users stands for that lane
		if j.Server == best.Server && j == m.firstOfServer(j.Lane, j.Server) &&
			cmp.Or(cmp.Compare(user(j)+bias[j.Lane], user(best)+bias[best.Lane]), cmp.Compare(j.seq, best.seq)) < 0 {
			best = j
		}
	}
	m.notePassedOver(lanes, ready, best)
	return best, least
}

// notePassedOver stores since when a lane that is not loaded waits while another is served.
func (m *model) notePassedOver(lanes []Lane, ready []*modelJob, best *modelJob) {
	if !slices.ContainsFunc(lanes, func(l Lane) bool { return l.Load > 0 }) {
		return
	}
	for _, l := range lanes {
		_, already := m.passedOver[l.Name]
		waits := slices.ContainsFunc(ready, func(j *modelJob) bool { return j.Lane == l.Name })
		switch passed := waits && l.Name != best.Lane && l.Load > 0; {
		case !passed:
			delete(m.passedOver, l.Name)
		case !already:
			m.passedOver[l.Name] = m.now
		}
	}
}

// firstOfServer is the job that a server would have started in a lane.
func (m *model) firstOfServer(lane, server string) *modelJob {
	ordered := m.readyInOrder(lane)
	return ordered[slices.IndexFunc(ordered, func(j *modelJob) bool { return j.Server == server })]
}

// readyInOrder lists the jobs of a lane that may start, in the order of start tags.
func (m *model) readyInOrder(lane string) []*modelJob {
	all := m.ready(lane)
	slices.SortFunc(all, func(a, b *modelJob) int {
		return cmp.Or(cmp.Compare(m.server(a.Server).startTag, m.server(b.Server).startTag), cmp.Compare(a.Server, b.Server),
			cmp.Compare(m.user(a.Server, a.User).startTag, m.user(b.Server, b.User).startTag), cmp.Compare(a.User, b.User))
	})
	return all
}

// lease starts a job. Least is the least start tag of those that could be served.
func (m *model) lease(j *modelJob, least int64) {
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	leastUser := u.startTag
	for _, other := range m.ready(j.Lane) {
		if other.Server == j.Server {
			leastUser = min(leastUser, m.user(j.Server, other.User).startTag)
		}
	}
	s.startTag, u.startTag = max(s.startTag, m.virtualTime-maxCatchUp), max(u.startTag, s.virtualTime-maxCatchUp)
	m.virtualTime = modelVirtualTime(m.virtualTime, least, modelCost(j.Cost, j.ServerWeight), m.busyServers())
	s.virtualTime = modelVirtualTime(s.virtualTime, leastUser, modelCost(j.Cost, j.Weight), m.busyUsers(j.Server))
	m.start(j)
}

// start leases a job and charges for it.
func (m *model) start(j *modelJob) {
	s, u := m.server(j.Server), m.user(j.Server, j.User)
	s.startTag, u.startTag = s.startTag+modelCost(j.Cost, j.ServerWeight), u.startTag+modelCost(j.Cost, j.Weight)
	m.fence++
	j.fence, j.state, j.since, j.until = m.fence, 'L', m.now, m.now.Add(m.o.Lease)
	j.attempts++
}

// modelCost is what an account of a weight pays.
func modelCost(cost int64, percent int) int64 { return cost * 100 / int64(weight(percent)) }

func (m *model) busyServers() int {
	names := map[string]bool{}
	for _, j := range m.unfinished() {
		names[j.Server] = true
	}
	return len(names)
}

func (m *model) busyUsers(server string) int {
	names := map[string]bool{}
	for _, j := range m.unfinished() {
		names[j.User] = names[j.User] || j.Server == server
	}
	maps.DeleteFunc(names, func(_ string, here bool) bool { return !here })
	return len(names)
}

// modelVirtualTime moves a virtual time to one share of a cost past the least start tag, divided among n accounts and a
// newcomer.
func modelVirtualTime(v, least, cost int64, n int) int64 { return max(v, least+cost/int64(n+1)) }
