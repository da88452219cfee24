package queue

import (
	"cmp"
	"slices"
)

// hoard is the most that an account may catch up by, in milliseconds; lua/line.lua says why.
const hoard = 60_000

// accounts foretell the order of service by the rule of lua/line.lua (charge): the server that is owed most, in it the
// user, of that user the oldest job.
type accounts struct {
	v       int64 // the virtual time
	servers map[string]*account
}

type account struct {
	name  string
	v, at int64 // start tag of its next job, and of the last one started in it
	users map[string]*account
	jobs  []Standing
}

func readAccounts(r reply) (*accounts, error) {
	v, err := r.number(1)
	a := &accounts{v: v, servers: map[string]*account{}}
	for _, raw := range r.list(2) {
		words, _ := raw.([]any)
		if err == nil {
			err = a.addServer(words)
		}
	}
	return a, err
}

// addServer reads name, v, V, {user, v, ...}.
func (a *accounts) addServer(w reply) (err error) {
	s := &account{name: unescape(w.text(0)), users: map[string]*account{}}
	if s.v, err = w.number(1); err != nil {
		return err
	}
	if s.at, err = w.number(2); err != nil {
		return err
	}
	users := w.list(3)
	for i := 0; i+1 < len(users); i += 2 {
		u := &account{name: unescape(users.text(i))}
		if u.v, err = users.number(i + 1); err != nil {
			return err
		}
		s.users[u.name] = u
	}
	a.servers[s.name] = s
	return nil
}

func (a *accounts) add(j Standing) {
	s := a.servers[j.Server]
	if s == nil || s.users[j.User] == nil {
		return
	}
	u := s.users[j.User]
	u.jobs = append(u.jobs, j)
}

// order empties the accounts.
func (a *accounts) order() (line []Standing) {
	var servers []*account
	for _, s := range a.servers {
		if s.ready() {
			servers = append(servers, s)
		}
	}
	for len(servers) > 0 {
		s := slices.MinFunc(servers, owedMost)
		line = append(line, a.serve(s))
		if len(s.users) == 0 {
			servers = slices.DeleteFunc(servers, func(x *account) bool { return x == s })
		}
	}
	return line
}

// ready sorts the users' jobs and drops users without any; it tells whether one is left.
func (s *account) ready() bool {
	for name, u := range s.users {
		slices.SortFunc(u.jobs, func(a, b Standing) int { return cmp.Compare(a.seq, b.seq) })
		if len(u.jobs) == 0 {
			delete(s.users, name)
		}
	}
	return len(s.users) > 0
}

// serve starts a server's next job.
func (a *accounts) serve(s *account) Standing {
	users := make([]*account, 0, len(s.users))
	for _, u := range s.users {
		users = append(users, u)
	}
	u := slices.MinFunc(users, owedMost)
	j := u.jobs[0]
	s.v = max(s.v, a.v-hoard)
	u.v = max(u.v, s.at-hoard)
	a.v, s.at = max(a.v, s.v), max(s.at, u.v)
	s.v, u.v = s.v+j.Cost, u.v+j.Cost
	if u.jobs = u.jobs[1:]; len(u.jobs) == 0 {
		delete(s.users, u.name)
	}
	return j
}

func owedMost(a, b *account) int {
	return cmp.Or(cmp.Compare(a.v, b.v), cmp.Compare(escape(a.name), escape(b.name)))
}
