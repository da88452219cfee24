package queue

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// Redis runs one script as one step: wholly or not at all. Each file starts with its arguments and its answers.
//
//go:embed lua/*.lua
var sources embed.FS

// script is the source of one script with the files that it builds on. It is sent whole once and by its hash
// afterwards.
type script struct{ *redis.Script }

// poolScript is a script that does not depend on the epoch. A queueScript works on the jobs of one epoch.
func poolScript(name string) script  { return joinScripts("clock", name) }
func queueScript(name string) script { return joinScripts("clock", "prelude", "states", name) }

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
	heartbeatScript       = queueScript("heartbeat")
	sealScript            = queueScript("seal")
	doneScript            = queueScript("done")
	failScript            = queueScript("fail")
	releaseScript         = queueScript("release")
	cancelScript          = queueScript("cancel")
	giveUpScript          = queueScript("giveup")
	putAddonsScript       = queueScript("putaddons")
	reapScript            = queueScript("reap")
	snapshotScript        = queueScript("snapshot")
	reclaimScript         = queueScript("reclaim")
	pauseScript           = joinScripts("clock", "pause", "prelude", "pauseserver")
	pausesScript          = poolScript("pauses")
	countsScript          = queueScript("counts")
	verifyScript          = queueScript("verify")
	damageScript          = queueScript("damage")
	putInputScript        = queueScript("putinput")
	inputScript           = queueScript("input")
	epochScript           = poolScript("epoch")
	beginEpochScript      = poolScript("beginepoch")
	ownScript             = poolScript("own")
	announceScript        = poolScript("announce")
	putCardsScript        = poolScript("putcards")
	cardsScript           = poolScript("cards")
	renderersScript       = poolScript("renderers")
	putUndeliveredScript  = poolScript("putundelivered")
	isUndeliveredScript   = poolScript("isundelivered")
	takeUndeliveredScript = poolScript("takeundelivered")
	ackUndeliveredScript  = poolScript("ackundelivered")
	retireScript          = poolScript("retire")
	moveUndeliveredScript = poolScript("moveundelivered")
	closeOldScript        = poolScript("closeold")
)

// anyEpoch stands for the current epoch, for calls that need no certain one.
const anyEpoch int64 = 0

// run runs a script and returns its answer. The first word is a code; EPOCH is returned as ErrEpoch.
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
		if metNil(err) && s != damageScript {
			err = errors.Join(err, q.noteDamage(ctx, epoch, err))
		}
		return nil, err
	}
	if a := reply(r); a.text(0) == string(EpochChanged) {
		return a, ErrEpoch
	}
	return r, nil
}

// reply is the answer of a script: strings and lists of strings.
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
