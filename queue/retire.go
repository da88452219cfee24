package queue

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// The version before (commit 2eb52a3) has its keys under another prefix, so its processes and those of this version do
// not see each other's jobs. But they share the SQL database, and two bots must not serve the same jobs from two
// queues. So each new epoch first takes the old keys out of use:
//
//   - The old root gets retiredEpoch. Every script of the old version reads the root first. It refuses each lease, so
//     an old renderer stops within a heartbeat and posts nothing that was not sealed. It also refuses to begin an
//     epoch.
//   - Undelivered results and events move to the new keys. Jobs do not move: SQL fills the new queue, as after any loss
//     of Redis, and marks each job as possibly posted.
//   - The new epoch waits until the last old lease has ended. Until then an old renderer may still be posting.
//   - The other old keys are deleted.
//
// Remove this file, retire.lua, moveundelivered.lua, closeold.lua, oldPrefix and testdata/old when no installation of
// 2eb52a3 can be left.

// retiredEpoch is what the old scripts find as their epoch. The number before the zero byte is for Lua, which stops
// reading there: it is later than any epoch. The old Go code fails to parse it and logs the sentence in its error.
const retiredEpoch = "1e18\x00: a newer darkroom has taken over this Redis, so this process does nothing any more; " +
	"stop it and start the new version"

// moveBatch is how many undelivered results one call of the script moves.
const moveBatch = 50

// retireOld takes the keys of the version before out of use. It may be interrupted and repeated at any point. It
// returns an error until the leases of the old version have ended.
func (q *Queue) retireOld(ctx context.Context) error {
	r, err := q.run(ctx, retireScript, anyEpoch, retiredEpoch)
	if err != nil {
		return err
	}
	if r.text(2) != "1" {
		return nil
	}
	if err := q.moveUndelivered(ctx); err != nil {
		return err
	}
	wait, err := r.number(1)
	if err != nil {
		return err
	}
	if wait > 0 {
		return fmt.Errorf("a renderer of the version before may still be posting: its lease ends in %v",
			(time.Duration(wait) * time.Millisecond).Round(100*time.Millisecond))
	}
	if err := q.deleteKeys(ctx, q.opts.oldPrefix(), q.opts.isOldLeftover); err != nil {
		return err
	}
	for {
		r, err := q.run(ctx, closeOldScript, anyEpoch, retiredEpoch)
		if err != nil || r.code() == "OK" {
			return err
		}
		if err := q.moveUndelivered(ctx); err != nil {
			return err
		}
	}
}

func (q *Queue) moveUndelivered(ctx context.Context) error {
	for {
		r, err := q.run(ctx, moveUndeliveredScript, anyEpoch, moveBatch)
		if err != nil {
			return err
		}
		if moved, err := r.number(1); err != nil || moved < moveBatch {
			return err
		}
	}
}

// isOldLeftover tells whether an old key can be deleted: the root and the undelivered results stay.
func (o Options) isOldLeftover(key string) bool {
	switch name := strings.TrimPrefix(key, o.oldPrefix()); {
	case name == "root", name == "tray", name == "sizes", strings.HasPrefix(name, "delivery:"):
		return false
	}
	return true
}
