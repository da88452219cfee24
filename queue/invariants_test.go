package queue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checkInvariants reads every key of the queue and checks what must hold between any two steps: counters equal the sets
// they count, each job is where its state says and nowhere else, each index says what the records say, and no key is
// left that nothing needs.
func (r *fixture) checkInvariants() {
	r.Helper()
	for _, fault := range r.invariantFaults() {
		r.Errorf("invariant broken: %s", fault)
	}
	if r.Failed() {
		r.FailNow()
	}
}

func (r *fixture) invariantFaults() []string {
	s := r.readKeys()
	jobs := map[string]map[string]string{}
	for key, h := range s.hashes {
		if id, ok := strings.CutPrefix(key, "job:"); ok {
			jobs[id] = h
		}
	}
	s.checkSets(jobs)
	s.checkCounters(jobs)
	s.checkIndexes(jobs, r.pausedServers())
	s.checkInputs(jobs)
	s.checkNeeds(jobs)
	s.checkLeftovers(jobs)
	slices.Sort(s.faults)
	return s.faults
}

func flowOf(j map[string]string) string {
	return "flow:" + j["lane"] + "/" + j["server"] + "/" + j["user"]
}

// checkSets: each job is where its state says, and nowhere else.
func (s *keyState) checkSets(jobs map[string]map[string]string) {
	where := map[string]string{}
	for name, set := range s.sets {
		if name == "lease" || name == "delay" || name == "ended" || strings.HasPrefix(name, "flow:") {
			for id := range set {
				if where[id] != "" {
					s.addFault("job %s is in %s and in %s", id, where[id], name)
				}
				where[id] = name
			}
		}
	}
	for id, j := range jobs {
		want := map[string]string{"W": flowOf(j), "D": "delay", "L": "lease", "S": "lease", "E": "ended"}[j["state"]]
		if where[id] != want {
			s.addFault("job %s in state %s is in %q, want %q", id, j["state"], where[id], want)
		}
		if s.strings["payload:"+id] != (j["state"] != "E") {
			s.addFault("job %s in state %s: payload kept is %v", id, j["state"], s.strings["payload:"+id])
		}
		delete(where, id)
	}
	for id, name := range where {
		s.addFault("%s holds job %s that does not exist", name, id)
	}
}

type counters struct{ waiting, running int }

// checkCounters: the counters of queue, servers and users equal the jobs.
func (s *keyState) checkCounters(jobs map[string]map[string]string) {
	var total counters
	servers, users := map[string]*counters{}, map[string]*counters{}
	for _, j := range jobs {
		server, user := j["server"], "users:"+j["server"]+" "+j["user"]
		if j["state"] == "E" {
			continue
		}
		if servers[server] == nil {
			servers[server] = &counters{}
		}
		if users[user] == nil {
			users[user] = &counters{}
		}
		if j["state"] == "W" || j["state"] == "D" {
			total.waiting++
			servers[server].waiting++
			users[user].waiting++
			continue
		}
		total.running++
		servers[server].running++
		users[user].running += number(j["size"])
	}
	got := counters{number(s.hashes["counters"]["waiting"]), number(s.hashes["counters"]["running"])}
	if got != total {
		s.addFault("queue counts %v, want %v", got, total)
	}
	for name, text := range s.hashes["servers"] {
		s.checkAccount("server "+name, text, servers[name])
		for user, text := range s.hashes["users:"+name] {
			s.checkAccount("user "+name+"/"+user, text, users["users:"+name+" "+user])
			delete(users, "users:"+name+" "+user)
		}
		delete(servers, name)
	}
	if len(servers)+len(users) > 0 {
		s.addFault("no record of servers %v, users %v", slices.Collect(maps.Keys(servers)), slices.Collect(maps.Keys(users)))
	}
}

func (s *keyState) checkAccount(name, text string, want *counters) {
	f := strings.Fields(text)
	got := counters{number(f[2]), number(f[3])}
	if want == nil {
		want = &counters{}
	}
	if got != *want {
		s.addFault("%s counts %v, want %v", name, got, *want)
	}
}

// pausedServers lists the paused servers.
func (r *fixture) pausedServers() map[string]bool {
	names := map[string]bool{}
	for _, field := range r.db.HKeys(r.ctx, r.opts.prefix()+"pauses").Val() {
		if server, ok := strings.CutPrefix(field, "server:"); ok {
			names[server] = true
		}
	}
	return names
}

// checkIndexes: ready, lane and idle hold exactly what follows from records and flows, under the start tags of the
// records. A paused server is in no lane.
func (s *keyState) checkIndexes(jobs map[string]map[string]string, stopped map[string]bool) {
	want := map[string]map[string]float64{}
	put := func(name, member string, v float64) {
		if want[name] == nil {
			want[name] = map[string]float64{}
		}
		want[name][member] = v
	}
	for server, text := range s.hashes["servers"] {
		v, busy := startTagOf(text)
		if !busy {
			put("idle", server, v)
		}
		for user, text := range s.hashes["users:"+server] {
			u, busy := startTagOf(text)
			if !busy {
				put("idle:"+server, user, u)
			}
			for _, lane := range s.startable(jobs, server, user, text) {
				put("ready:"+lane+"/"+server, user, u)
				if !stopped[server] {
					put("lane:"+lane, server, v)
				}
			}
		}
	}
	for name, set := range want {
		if lane := strings.TrimPrefix(name, "lane:"); strings.Count(name, "%3A") == 2 && lane != name {
			put("heads", lane, slices.Min(slices.Collect(maps.Values(set))))
		}
	}
	for name, set := range s.sets {
		if name == "heads" || name == "idle" || strings.HasPrefix(name, "idle:") || strings.HasPrefix(name, "ready:") ||
			strings.HasPrefix(name, "lane:") {
			if !maps.Equal(set, want[name]) {
				s.addFault("%s is %v, want %v", name, set, want[name])
			}
			delete(want, name)
		}
	}
	for name, set := range want {
		s.addFault("%s is missing, want %v", name, set)
	}
}

// startable lists the lanes in which a user's oldest job may start.
func (s *keyState) startable(jobs map[string]map[string]string, server, user, record string) (lanes []string) {
	f := strings.Fields(record)
	running, most := number(f[3]), number(f[4])
	for name, flow := range s.sets {
		lane, ok := strings.CutSuffix(strings.TrimPrefix(name, "flow:"), "/"+server+"/"+user)
		if !ok || !strings.HasPrefix(name, "flow:") {
			continue
		}
		bySeq := func(a, b string) int { return cmp.Compare(flow[a], flow[b]) }
		head := slices.MinFunc(slices.Collect(maps.Keys(flow)), bySeq)
		if most == 0 || running == 0 || running+number(jobs[head]["size"]) <= most {
			lanes = append(lanes, lane)
		}
	}
	return lanes
}

// checkInputs: each input image is counted as often as jobs name it, and is kept only while it is needed or new.
func (s *keyState) checkInputs(jobs map[string]map[string]string) {
	want := map[string]string{}
	for _, j := range jobs {
		for _, sha := range strings.FieldsFunc(j["inputs"], func(c rune) bool { return c == ',' }) {
			want[sha] = strconv.Itoa(number(want[sha]) + 1)
		}
	}
	if !maps.Equal(s.hashes["refs"], want) {
		s.addFault("input pictures are counted %v, want %v", s.hashes["refs"], want)
	}
	for name := range s.strings {
		sha, ok := strings.CutPrefix(name, "input:")
		if _, recent := s.sets["inputs"][sha]; ok && !recent && want[sha] == "" {
			s.addFault("input %s is kept for nobody", sha)
		}
	}
}

// checkNeeds: what the jobs of a lane need is known exactly while it has jobs.
func (s *keyState) checkNeeds(jobs map[string]map[string]string) {
	count := map[string]int{}
	for _, j := range jobs {
		if strings.Count(j["lane"], "%3A") == 2 && j["state"] != "E" {
			count[j["lane"]]++
		}
	}
	want := map[string]string{}
	for lane, n := range count {
		want[lane] = fmt.Sprint(n, " ", strings.Join(laneNeeds[unescape(lane)], ","))
	}
	if !maps.Equal(s.hashes["needs"], want) {
		s.addFault("lanes need %v, want %v", s.hashes["needs"], want)
	}
	for name := range s.hashes {
		digest, ok := strings.CutPrefix(name, "addons:")
		if _, dated := s.sets["addons"][digest]; ok && !dated {
			s.addFault("the set of add-ons %s is kept for ever", digest)
		}
	}
}

// checkLeftovers: an empty queue keeps no accounts.
func (s *keyState) checkLeftovers(jobs map[string]map[string]string) {
	for _, j := range jobs {
		if j["state"] != "E" {
			return
		}
	}
	for name := range s.sets {
		if name != "ended" && name != "inputs" && name != "addons" {
			s.addFault("an empty queue keeps %s", name)
		}
	}
	for name := range s.hashes {
		kind, _, _ := strings.Cut(name, ":")
		if !slices.Contains([]string{"counters", "reserves", "job", "addons", "able"}, kind) {
			s.addFault("an empty queue keeps %s", name)
		}
	}
}

func startTagOf(record string) (v float64, busy bool) {
	f := strings.Fields(record)
	v, _ = strconv.ParseFloat(f[0], 64)
	return v, f[2] != "0" || f[3] != "0"
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}
