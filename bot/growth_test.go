package bot_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// entryCounts counts the entries of every map and slice that can be reached from a value of this program, by the path
// of fields that leads there.
type entryCounts struct {
	counts map[string]int
	seen   map[uintptr]bool
}

func countEntries(v any) map[string]int {
	e := entryCounts{counts: map[string]int{}, seen: map[uintptr]bool{}}
	e.walk("", reflect.ValueOf(v))
	return e.counts
}

func (e *entryCounts) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || e.seen[v.Pointer()] {
			return
		}
		e.seen[v.Pointer()] = true
		e.walk(path, v.Elem())
	case reflect.Interface:
		if !v.IsNil() {
			e.walk(path, v.Elem())
		}
	case reflect.Struct:
		if p := v.Type().PkgPath(); p != "" && !strings.HasPrefix(p, "darkroom/") && !strings.HasPrefix(p, "sync") {
			return
		}
		for i := range v.NumField() {
			e.walk(path+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Map:
		e.counts[path] += v.Len()
		for it := v.MapRange(); it.Next(); {
			e.walk(path+"[]", it.Value())
		}
	case reflect.Slice:
		e.counts[path] += v.Len()
		for i := range v.Len() {
			e.walk(path+"[]", v.Index(i))
		}
	case reflect.Chan:
		e.counts[path] += v.Len()
	}
}

// TestBotKeepsNothingOfEndedJobs runs jobs and counts what the bot keeps in memory a few minutes later: no map and no
// list may have grown with the jobs.
func TestBotKeepsNothingOfEndedJobs(t *testing.T) {
	t.Parallel()
	after := func(jobs int) map[string]int {
		h := newCluster(t, sandbox.Options{})
		b := h.newBot()
		stop := h.runUntilStopped(b.Run)
		h.pollUntil("the gateway", func() bool { return strings.Contains(h.log.String(), sessionReady) })
		h.startRenderer()
		h.waitReady()
		h.runJobs(jobs)
		h.clock.advance(3 * time.Minute)
		h.runJobs(1) // what is swept now and then is swept with this one
		stop()
		return countEntries([]*bot.Bot{b})
	}
	const few, many = 5, 60
	first, then := after(few), after(many)
	for path, n := range then {
		// The ids of the last 4,096 interactions are kept on purpose, and one job's requests may still be under way.
		if n-first[path] > 5 && !strings.HasSuffix(path, "intake.seen") {
			t.Errorf("%s: %d entries after %d jobs, %d after %d", path, first[path], few, n, many)
		}
	}
	if len(then) < 10 {
		t.Errorf("only %d maps and lists were found: %v", len(then), then)
	}
}

// runJobs asks for images, one job after the other, until each is done.
func (h *cluster) runJobs(n int) {
	h.t.Helper()
	for i := range n {
		person := []string{h.defaults.Member.ID, h.defaults.Moderator.ID}[i%2]
		id := h.commandAs(
			person, h.defaults.Channel.ID, "imagine", sandbox.With("prompt", fmt.Sprintf("a boat %d", i)),
			sandbox.With("count", 1),
		)
		h.pollUntil("a job to be done", func() bool {
			return h.stateOf(id) == store.Done
		})
	}
}

// stateOf is the state of a request's job, "" before it is written down.
func (h *cluster) stateOf(i sandbox.Interaction) store.State {
	row, err := h.db.Find(h.ctx, i.ID+"-0")
	if err != nil {
		return ""
	}
	return row.State
}
