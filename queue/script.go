package queue

import (
	"context"
	"embed"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// One script is one step that happens wholly or not at all. What each takes and returns stands at its head.
//
//go:embed lua/*.lua
var sources embed.FS

// script is a step's source joined to what it builds on. It is sent whole once and by its hash afterwards.
type script struct{ *redis.Script }

// poolScript stands for itself; a queueScript works on the line, in one epoch.
func poolScript(name string) script  { return joinScripts("clock", name) }
func queueScript(name string) script { return joinScripts("clock", "line", "moves", name) }

func joinScripts(names ...string) script {
	var all []byte
	for _, name := range names {
		source, err := sources.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic("internal error: " + err.Error())
		}
		all = append(all, source...)
	}
	return script{redis.NewScript(string(all))}
}

var (
	enqueueScript         = queueScript("enqueue")
	limitScript           = queueScript("limit")
	reserveScript         = queueScript("reserve")
	heartbeatScript       = queueScript("beat")
	sealScript            = queueScript("seal")
	doneScript            = queueScript("done")
	failScript            = queueScript("fail")
	releaseScript         = queueScript("release")
	cancelScript          = queueScript("cancel")
	reapScript            = queueScript("reap")
	snapshotScript        = queueScript("snapshot")
	reclaimScript         = queueScript("adopt")
	pauseScript           = joinScripts("clock", "pause", "line", "park")
	pausesScript          = poolScript("pauses")
	countsScript          = queueScript("counts")
	putInputScript        = queueScript("lend")
	inputScript           = queueScript("input")
	epochScript           = poolScript("epoch")
	beginScript           = poolScript("begin")
	announceScript        = poolScript("announce")
	renderersScript       = poolScript("renderers")
	putUndeliveredScript  = poolScript("trayput")
	isUndeliveredScript   = poolScript("trayhas")
	takeUndeliveredScript = poolScript("traytake")
	ackUndeliveredScript  = poolScript("trayack")
)

// anyEpoch is what callers pass who do not know the epoch and take the current one.
const anyEpoch int64 = 0

// run runs a script and returns its answer, whose first word is a code. EPOCH comes back as ErrEpoch.
func (q *Queue) run(ctx context.Context, s script, epoch int64, args ...any) (reply, error) {
	head := []any{"", "", q.opts.MaxEvents}
	if epoch != anyEpoch {
		head[0] = strconv.FormatInt(epoch, 10)
	}
	if q.opts.Now != nil {
		head[1] = strconv.FormatInt(q.opts.Now().UnixMilli(), 10)
	}
	r, err := s.Run(ctx, q.db, []string{q.opts.rootKey()}, append(head, args...)...).Slice()
	if err != nil {
		return nil, err
	}
	if a := reply(r); a.text(0) == string(EpochChanged) {
		return a, ErrEpoch
	}
	return r, nil
}

// reply is a script's answer: strings and lists of them.
type reply []any

func (r reply) code() string { return r.text(0) }

func (r reply) text(i int) string {
	if i >= len(r) {
		return ""
	}
	s, _ := r[i].(string)
	return s
}

func (r reply) list(i int) reply {
	if i >= len(r) {
		return nil
	}
	l, _ := r[i].([]any)
	return l
}

func (r reply) number(i int) (int64, error) {
	n, err := strconv.ParseInt(r.text(i), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read answer: word %d: %w", i, err)
	}
	return n, nil
}
