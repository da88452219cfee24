package queue

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/redis/go-redis/v9"
)

// verifyChunk is how many jobs one script of Verify looks at: less than 2 ms on a server.
const verifyChunk = 100

// Verify looks for keys that the server has lost although it did not restart: it may evict keys when its memory is
// full, or somebody deleted them. It returns the name of one that is lost, "" if none is. From then on Epoch says that
// the queue cannot be trusted, and nothing is leased until BeginEpoch.
func (q *Queue) Verify(ctx context.Context) (lost string, err error) {
	for rank := 0; ; rank += verifyChunk {
		r, err := q.run(ctx, verifyScript, anyEpoch, rank, verifyChunk)
		if err != nil {
			return "", fmt.Errorf("verify queue: %w", err)
		}
		looked, err := r.number(1)
		if err != nil {
			return "", fmt.Errorf("verify queue: %w", err)
		}
		if lost = r.text(2); lost != "" || looked < verifyChunk {
			return lost, nil
		}
	}
}

// luaFault matches what Lua itself says when a script goes on with a value that is not there. Scripts have no other
// faults: a server that is full, read-only or about to stop answers a command, and not in these words.
var luaFault = regexp.MustCompile(`attempt to (index|concatenate|perform|compare|call|get length)|` +
	`cannot perform \w+ operation|bad argument #|` +
	`Lua redis(\.call)?\(\) command arguments|Lua redis lib command arguments`)

// metNil tells whether an error says that a script met a value that is not there: a key of the epoch is lost.
func metNil(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer) && luaFault.MatchString(answer.Error())
}

// noteDamage notes that a script has met a lost key. What the script did before that stays done, so only a new epoch
// helps.
func (q *Queue) noteDamage(ctx context.Context, epoch int64, met error) error {
	_, err := q.run(ctx, damageScript, epoch, "a key that a script needs: "+met.Error())
	if errors.Is(err, ErrEpoch) {
		return nil // the next one has begun
	}
	return err
}
