package queue

import (
	"strings"

	"github.com/redis/go-redis/v9"
)

// poolCopy is a copy of a pool's keys without the event stream: what an older copy of the data holds after a failover.
type poolCopy struct {
	hashes  map[string]map[string]string
	sets    map[string][]redis.Z
	strings map[string]string
}

// keys lists the pool's keys without the event stream.
func (r *fixture) keys() (names []string) {
	for _, name := range r.db.Keys(r.ctx, globQuote(r.opts.prefix())+"*").Val() {
		if name != r.opts.eventsKey() {
			names = append(names, name)
		}
	}
	return names
}

func (r *fixture) copyPool() poolCopy {
	r.Helper()
	k := poolCopy{hashes: map[string]map[string]string{}, sets: map[string][]redis.Z{}, strings: map[string]string{}}
	for _, name := range r.keys() {
		switch kind := r.db.Type(r.ctx, name).Val(); kind {
		case "hash":
			k.hashes[name] = r.db.HGetAll(r.ctx, name).Val()
		case "zset":
			k.sets[name] = r.db.ZRangeWithScores(r.ctx, name, 0, -1).Val()
		case "string":
			k.strings[name] = r.db.Get(r.ctx, name).Val()
		default:
			r.Fatalf("key %s is a %s", name, kind)
		}
	}
	return k
}

// wipe deletes everything of the pool but the event stream.
func (r *fixture) wipe() {
	r.Helper()
	for _, name := range r.keys() {
		if err := r.db.Del(r.ctx, name).Err(); err != nil {
			r.Fatal(err)
		}
	}
}

// restore replaces the keys by an older copy.
func (r *fixture) restore(k poolCopy) {
	r.Helper()
	r.wipe()
	var calls []func(redis.Pipeliner)
	for name, h := range k.hashes {
		calls = append(calls, func(p redis.Pipeliner) { p.HSet(r.ctx, name, h) })
	}
	for name, z := range k.sets {
		calls = append(calls, func(p redis.Pipeliner) { p.ZAdd(r.ctx, name, z...) })
	}
	for name, s := range k.strings {
		calls = append(calls, func(p redis.Pipeliner) { p.Set(r.ctx, name, s, 0) })
	}
	r.pipeline(calls)
	if n := len(r.keys()); n != len(k.hashes)+len(k.sets)+len(k.strings) {
		r.Fatalf("%d keys after a copy of %d was restored", n, len(calls))
	}
}

// modelFaults compares the queue with the model: every job in its state, every account at its start tag.
func (p *property) modelFaults() (faults []string) {
	s := p.readKeys()
	jobs := 0
	for key, h := range s.hashes {
		id, ok := strings.CutPrefix(key, "job:")
		if !ok {
			continue
		}
		jobs++
		j := p.m.jobs[id]
		switch {
		case j == nil:
			s.addFault("job %s is there; the model has none", id)
		case h["state"] != string(j.state) || h["kind"] != string(j.kind) || number(h["fence"]) != int(j.fence):
			s.addFault("job %s is %v; the model has %c %s, fence %d", id, h, j.state, j.kind, j.fence)
		case j.state != 'E' && ((h["maybeposted"] == "1") != j.maybePosted || (h["cancelledby"] != "") != j.cancel):
			s.addFault("job %s is %v; the model has maybe posted %v, cancel %v", id, h, j.maybePosted, j.cancel)
		case j.state != 'E' && (number(h["attempts"]) != j.attempts || number(h["errors"]) != j.errors ||
			number(h["crashes"]) != j.crashes):
			s.addFault("job %s is %v; the model has attempts %d, errors %d, crashes %d", id, h, j.attempts, j.errors, j.crashes)
		}
	}
	if jobs != len(p.m.jobs) {
		s.addFault("%d jobs; the model has %d", jobs, len(p.m.jobs))
	}
	for name, text := range s.hashes["servers"] {
		if v, _ := startTagOf(text); int64(v) != p.m.server(name).startTag {
			s.addFault("server %s has v %.0f; the model %d", name, v, p.m.server(name).startTag)
		}
	}
	if v := number(s.hashes["counters"]["virtualtime"]); int64(v) != p.m.virtualTime {
		s.addFault("V is %d; the model has %d", v, p.m.virtualTime)
	}
	return s.faults
}
