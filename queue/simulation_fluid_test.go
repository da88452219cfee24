package queue

import (
	"slices"
	"time"
)

// fluid is the ideal that fairness is compared with (generalised processor sharing): renderer time is divided
// continuously. At every moment all servers with jobs get equal shares, in them all their users, of them the oldest
// jobs first. No job gets more than one renderer, what one cannot use the others get, and no time is lost to loading or
// to jobs that cannot be interrupted.
type fluid struct {
	renderers float64
	arrivals  []arrival
	users     map[string]map[string][]*fluidJob // by server and user, the oldest first
	delays    map[string]time.Duration
}

// arrival is a job of a simulation and when it comes.
type arrival struct {
	Job
	at time.Duration
}

// fluidJob is a job in the fluid.
type fluidJob struct {
	arrival
	left, rate float64 // milliseconds of renderer time that are left, and how many it gets each millisecond
}

// idealDelays returns for each job how much later than at once it would end: its end less its arrival and its cost.
func idealDelays(arrivals []arrival, renderers int) map[string]time.Duration {
	f := &fluid{renderers: float64(renderers), arrivals: arrivals, users: map[string]map[string][]*fluidJob{},
		delays: map[string]time.Duration{}}
	for now := time.Duration(0); len(f.arrivals)+len(f.users) > 0; {
		now += f.advance(now)
	}
	return f.delays
}

// advance moves on to the next arrival or end and returns how long that took.
func (f *fluid) advance(now time.Duration) time.Duration {
	for len(f.arrivals) > 0 && f.arrivals[0].at <= now {
		j := f.arrivals[0]
		f.arrivals = f.arrivals[1:]
		if f.users[j.Server] == nil {
			f.users[j.Server] = map[string][]*fluidJob{}
		}
		f.users[j.Server][j.User] = append(f.users[j.Server][j.User], &fluidJob{arrival: j, left: float64(j.Cost)})
	}
	f.share()
	step := 1e12 // milliseconds
	if len(f.arrivals) > 0 {
		step = float64((f.arrivals[0].at - now).Nanoseconds()) / 1e6
	}
	f.each(func(d *fluidJob) {
		if d.rate > 0 {
			step = min(step, d.left/d.rate)
		}
	})
	f.run(now, step)
	return time.Duration(step * 1e6)
}

// run lets some milliseconds pass.
func (f *fluid) run(now time.Duration, step float64) {
	for server, users := range f.users {
		for user, jobs := range users {
			for _, d := range jobs {
				d.left -= d.rate * step
			}
			users[user] = slices.DeleteFunc(jobs, func(d *fluidJob) bool { return d.left < 1e-6 && f.end(d, now, step) })
			if len(users[user]) == 0 {
				delete(users, user)
			}
		}
		if len(users) == 0 {
			delete(f.users, server)
		}
	}
}

func (f *fluid) end(d *fluidJob, now time.Duration, step float64) bool {
	f.delays[d.ID] = max(0, now+time.Duration(step*1e6)-d.at-time.Duration(d.Cost)*time.Millisecond)
	return true
}

func (f *fluid) each(do func(*fluidJob)) {
	for _, users := range f.users {
		for _, jobs := range users {
			for _, d := range jobs {
				do(d)
			}
		}
	}
}

// share sets the rates: the renderers are divided among servers, among their users, and among a user's jobs in order.
func (f *fluid) share() {
	var servers []string
	var capacity []float64
	for server, users := range f.users {
		n := 0
		for _, jobs := range users {
			n += len(jobs)
		}
		servers, capacity = append(servers, server), append(capacity, float64(n))
	}
	for i, part := range waterFill(f.renderers, capacity) {
		var userJobs [][]*fluidJob
		var capacity []float64
		for _, jobs := range f.users[servers[i]] {
			userJobs, capacity = append(userJobs, jobs), append(capacity, float64(len(jobs)))
		}
		for k, part := range waterFill(part, capacity) {
			for _, d := range userJobs[k] {
				d.rate = min(1, part)
				part -= d.rate
			}
		}
	}
}

// waterFill divides an amount among parts of limited size, equally where there is room.
func waterFill(much float64, capacity []float64) []float64 {
	parts := make([]float64, len(capacity))
	order := make([]int, len(capacity))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return int(capacity[a] - capacity[b]) })
	for n, i := range order {
		parts[i] = min(capacity[i], much/float64(len(order)-n))
		much -= parts[i]
	}
	return parts
}
