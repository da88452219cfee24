package queue

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// keyState is the queue as raw keys without their prefix.
type keyState struct {
	hashes  map[string]map[string]string
	sets    map[string]map[string]float64
	strings map[string]bool
	faults  []string
}

func (s *keyState) addFault(format string, a ...any) {
	s.faults = append(s.faults, fmt.Sprintf(format, a...))
}

// readKeys reads all keys in a few round trips.
func (r *fixture) readKeys() *keyState {
	s := &keyState{hashes: map[string]map[string]string{}, sets: map[string]map[string]float64{},
		strings: map[string]bool{}}
	prefix := r.opts.epochPrefix(r.epoch)
	var types, values []func(redis.Pipeliner)
	kinds := map[string]*redis.StatusCmd{}
	for _, key := range r.db.Keys(r.ctx, globQuote(r.opts.epochPrefix())+"*").Val() {
		if name, ours := strings.CutPrefix(key, prefix); ours {
			types = append(types, func(p redis.Pipeliner) { kinds[name] = p.Type(r.ctx, key) })
		} else {
			s.addFault("key %s of another epoch", key)
		}
	}
	r.pipeline(types)
	var put []func()
	for name, kind := range kinds {
		switch key := prefix + name; kind.Val() {
		case "hash":
			values = append(values, func(p redis.Pipeliner) {
				v := p.HGetAll(r.ctx, key)
				put = append(put, func() { s.hashes[name] = v.Val() })
			})
		case "zset":
			values = append(values, func(p redis.Pipeliner) {
				v := p.ZRangeWithScores(r.ctx, key, 0, -1)
				put = append(put, func() { s.sets[name] = scores(v.Val()) })
			})
		case "string":
			s.strings[name] = true
		default:
			s.addFault("key %s is a %s", name, kind.Val())
		}
	}
	r.pipeline(values)
	for _, f := range put {
		f()
	}
	return s
}

// pipeline sends calls a few at a time: the embedded server's pipe has no buffer, so both sides would wait for each
// other if a pipeline were longer than one read of the server (4 KiB).
func (r *fixture) pipeline(calls []func(redis.Pipeliner)) {
	r.Helper()
	for part := range slices.Chunk(calls, 16) {
		p := r.db.Pipeline()
		for _, call := range part {
			call(p)
		}
		if _, err := p.Exec(r.ctx); err != nil {
			r.Fatal(err)
		}
	}
}

func scores(members []redis.Z) map[string]float64 {
	set := map[string]float64{}
	for _, z := range members {
		set[z.Member.(string)] = z.Score
	}
	return set
}
