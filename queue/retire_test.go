package queue

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// oldQueue calls scripts of the version before, which testdata/old holds as they were at commit 2eb52a3.
type oldQueue struct{ *fixture }

// answer runs a script at an epoch ("" for any) and returns its words, or the error as "error: …".
func (o oldQueue) answer(name, epoch string, args ...any) string {
	o.Helper()
	files := []string{"clock", "line", "moves", name}
	if slices.Contains([]string{"begin", "epoch", "trayput"}, name) {
		files = []string{"clock", name}
	}
	var source strings.Builder
	for _, f := range files {
		text, err := os.ReadFile("testdata/old/" + f + ".lua")
		if err != nil {
			o.Fatal(err)
		}
		source.Write(text)
	}
	head := []any{epoch, fmt.Sprint(o.clock.Now().UnixMilli()), 1000}
	words, err := o.db.Eval(o.ctx, source.String(), []string{o.opts.oldPrefix() + "root"},
		append(head, args...)...).Slice()
	if err != nil {
		return "error: " + err.Error()
	}
	return strings.TrimSpace(fmt.Sprintln(words...))
}

func (o oldQueue) want(want, name, epoch string, args ...any) {
	o.Helper()
	if got := o.answer(name, epoch, args...); !strings.HasPrefix(got, want) {
		o.Errorf("old %s: got %q, want %q", name, got, want)
	}
}

func (o oldQueue) enqueue(id string) {
	o.Helper()
	o.want("OK", "enqueue", "7", id, "a", "s", "u", 1000, 1, 0, 0, "", `{"id":"`+id+`"}`, 0, "", 100, 100, "")
}

func (o oldQueue) reserve(want, nonce string) {
	o.Helper()
	o.want(want, "reserve", "", "old renderer", nonce, 30_000, 1, "a", 0)
}

func (o oldQueue) putTray(want, id string) {
	o.Helper()
	record := `{"job":"` + id + `","reply":{},"outcome":{"delivered":"tray"},"look":true,"names":["1.png"]}`
	o.want(want, "trayput", "", id, record, 200, 1<<20, "bytes")
}

// newOldQueue returns a pool of the version before, in epoch 7: job 1-0 is leased and sealed, job 2-0 is leased, job
// 3-0 waits, and the result of job 4-0 is undelivered.
func newOldQueue(t *testing.T, open func(testing.TB, Options) *Queue) oldQueue {
	t.Helper()
	c := &clock{now: time.UnixMilli(1_700_000_000_000)}
	q := open(t, Options{Pool: fmt.Sprintf("test %d", pools.Add(1)), Now: c.Now})
	t.Cleanup(func() { _ = q.Close() })
	o := oldQueue{&fixture{TB: t, Queue: q, ctx: t.Context(), clock: c, epoch: 8}}
	o.want("OK", "begin", "7")
	for _, id := range []string{"1-0", "2-0", "3-0"} {
		o.enqueue(id)
	}
	o.reserve("OK 7 1-0 1 1 0", "one")
	o.want("OK", "seal", "7", "1-0", "1", 30_000)
	o.reserve("OK 7 2-0 2 1 0", "two")
	o.putTray("OK", "4-0")
	return o
}

func (o oldQueue) wantUndelivered(want ...string) {
	o.Helper()
	for _, id := range want {
		if has, err := o.IsUndelivered(o.ctx, id); err != nil || !has {
			o.Errorf("%s is undelivered: %v, %v; want true", id, has, err)
		}
	}
}

func TestOldProcessesAreStopped(t *testing.T) {
	t.Parallel()
	o := newOldQueue(t, backends["redis"])
	err := o.BeginEpoch(o.ctx, 8)
	if err == nil || !strings.Contains(err.Error(), "its lease ends in 30s") {
		t.Fatalf("an epoch beside old leases: %v, want an error", err)
	}
	if _, empty, err := o.Epoch(o.ctx); err != nil || !empty {
		t.Errorf("epoch: empty is %v, %v; want true", empty, err)
	}
	o.wantUndelivered("4-0")

	// A renderer loses both leases and gets no other. The sentence of retiredEpoch is in its error.
	o.want("EPOCH", "beat", "7", "old renderer", 30_000, "1-0", "1", 50)
	o.want("EPOCH", "seal", "7", "2-0", "2", 30_000)
	o.want("STALE", "adopt", "", "1-0", "old renderer", 7, 1, 30_000, 15_000, 1)
	o.want("STALE", "adopt", "", "2-0", "old renderer", 7, 2, 30_000, 15_000, 0)
	o.reserve("OK "+retiredEpoch, "three")
	o.putTray("OK", "5-0") // it may still store what it has rendered

	// A bot cannot begin an epoch, and enqueues nothing.
	o.want(retiredEpoch, "epoch", "")
	o.want("EPOCH", "begin", "9")
	o.want("EPOCH", "enqueue", "7", "6-0", "a", "s", "u", 1000, 1, 0, 0, "", `{}`, 0, "", 100, 100, "")

	o.clock.advance(30 * time.Second)
	for range 2 { // also when repeated
		if err := o.BeginEpoch(o.ctx, 8); err != nil {
			t.Fatal(err)
		}
	}
	o.wantUndelivered("4-0", "5-0")
	o.putTray("error: WRONGTYPE", "7-0")
	o.wantOldKeys("root", "sizes")
	o.wantEvents("leased 1-0", "sealed 1-0", "leased 2-0", "tray 4-0", "tray 5-0")
	all, err := o.TakeUndelivered(o.ctx, 5)
	if err != nil || len(all) != 2 || !all[0].MaybePosted || string(all[0].Files[0].Bytes) != "bytes" {
		t.Errorf("took %+v, %v; want both results", all, err)
	}
	if size := o.db.HGet(o.ctx, o.opts.prefix()+"undelivered-sizes", "").Val(); size != "180" {
		t.Errorf("both results take %s bytes, want 180", size)
	}
}

func (o oldQueue) wantOldKeys(want ...string) {
	o.Helper()
	keys := o.db.Keys(o.ctx, globQuote(o.opts.oldPrefix())+"*").Val()
	slices.Sort(keys)
	for i, key := range keys {
		keys[i] = strings.TrimPrefix(key, o.opts.oldPrefix())
	}
	if !slices.Equal(keys, want) {
		o.Errorf("old keys %q, want %q", keys, want)
	}
}

// A result that the old bot has taken comes up when its lease is over, not earlier: it may be delivering it.
func TestMovedResultsKeepTheirLease(t *testing.T) {
	t.Parallel()
	o := newOldQueue(t, backends["redis"])
	until := o.clock.Now().Add(time.Minute).UnixMilli()
	if err := o.db.ZAdd(o.ctx, o.opts.oldPrefix()+"tray", redis.Z{Score: float64(until),
		Member: "4-0"}).Err(); err != nil {
		t.Fatal(err)
	}
	o.clock.advance(30 * time.Second)
	if err := o.BeginEpoch(o.ctx, 8); err != nil {
		t.Fatal(err)
	}
	if all, err := o.TakeUndelivered(o.ctx, 5); err != nil || len(all) != 0 {
		t.Errorf("took %d results, %v; want none", len(all), err)
	}
	o.clock.advance(30 * time.Second)
	if all, err := o.TakeUndelivered(o.ctx, 5); err != nil || len(all) != 1 {
		t.Errorf("took %d results, %v; want one", len(all), err)
	}
}

// A move may end anywhere and be repeated.
func TestMoveIsRepeatable(t *testing.T) {
	t.Parallel()
	o := newOldQueue(t, backends["redis"])
	for i := range 120 {
		o.putTray("OK", fmt.Sprintf("9-%d", i))
	}
	o.clock.advance(time.Minute)
	for step := 1; ; step++ { // the connection breaks after so many commands
		ctx, cancel := context.WithCancel(o.ctx)
		q := o.copyWith(&breakAfter{left: step, broke: cancel})
		err := q.BeginEpoch(ctx, 8)
		cancel()
		_ = q.Close()
		if err == nil {
			break
		}
		if step > 100 {
			t.Fatal(err)
		}
	}
	o.wantOldKeys("root", "sizes")
	o.clock.advance(time.Second)
	if all, err := o.TakeUndelivered(o.ctx, 200); err != nil || len(all) != 121 {
		t.Errorf("took %d results, %v; want 121", len(all), err)
	}
}

// copyWith is the same queue through a client with a hook.
func (o oldQueue) copyWith(h redis.Hook) *Queue {
	q := Open(func() redis.UniversalClient {
		db := o.newClient()
		db.AddHook(h)
		return db
	}, o.opts)
	return q
}

// breakAfter lets so many commands pass and then ends the caller's context.
type breakAfter struct {
	left  int
	broke func()
}

// DialHook changes nothing.
func (b *breakAfter) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessPipelineHook changes nothing.
func (b *breakAfter) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// ProcessHook counts commands. The last one reaches the server, and its answer is lost.
func (b *breakAfter) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if b.left--; b.left == 0 {
			b.broke()
			cmd.SetErr(context.Canceled)
			return context.Canceled
		}
		return err
	}
}

// An old bot that comes to a new pool finds it taken.
func TestNewPoolIsClosedToTheOldVersion(t *testing.T) {
	t.Parallel()
	r := newFixture(t, Options{}, backends["redis"])
	o := oldQueue{r}
	o.wantOldKeys("root", "sizes")
	o.want("EPOCH", "begin", "9")
	o.putTray("error: WRONGTYPE", "1-0")
}

// A new epoch after a loss of Redis takes the old keys again, whatever an old bot did meanwhile.
func TestOldBotAfterAWipe(t *testing.T) {
	t.Parallel()
	r := newFixture(t, Options{}, backends["redis"])
	o := oldQueue{r}
	r.db.Del(r.ctx, r.opts.rootKey(), r.opts.oldPrefix()+"root", r.opts.oldPrefix()+"sizes")
	o.want("OK", "begin", "7")
	o.enqueue("1-0")
	o.putTray("OK", "4-0")
	if err := r.BeginEpoch(r.ctx, 8); err != nil {
		t.Fatal(err)
	}
	r.epoch = 8
	o.want(retiredEpoch, "epoch", "")
	o.wantUndelivered("4-0")
	o.wantOldKeys("root", "sizes")
	r.wantEvents("tray 4-0")
}
