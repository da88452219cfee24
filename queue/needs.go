package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Addons is a set of add-ons by the hashes of their files, as a renderer has them. The zero value is the empty set.
type Addons struct {
	hashes []string // in order
	digest string   // names the set in Redis; "" for the empty set
}

// NewAddons returns the set of these hashes.
func NewAddons(hashes ...string) Addons {
	a := Addons{hashes: inOrder(hashes)}
	if len(a.hashes) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(a.hashes, "\n")))
		a.digest = hex.EncodeToString(sum[:16])
	}
	return a
}

// Have tells whether all of these are in the set.
func (a Addons) Have(hashes []string) bool {
	return !slices.ContainsFunc(hashes, func(hash string) bool {
		_, found := slices.BinarySearch(a.hashes, hash)
		return !found
	})
}

// putAddons stores a set, for calls of Reserve that name it.
func (q *Queue) putAddons(ctx context.Context, a Addons) error {
	args := []any{a.digest}
	for _, hash := range a.hashes {
		args = append(args, hash)
	}
	_, err := q.run(ctx, putAddonsScript, anyEpoch, args...)
	return err
}

// baseLane returns the part of a lane that pauses and renderers name: "version:model" of "version:model:needs". A lane
// is written by its caller; the queue knows only that its second colon begins what stands for Job.Needs.
func baseLane(lane string) string {
	version, rest, _ := strings.Cut(lane, ":")
	model, _, needs := strings.Cut(rest, ":")
	if !needs {
		return lane
	}
	return version + ":" + model
}

// modelOfLane returns the model of a lane: a renderer that has it loaded serves all its lanes at once.
func modelOfLane(lane string) string {
	_, model, found := strings.Cut(baseLane(lane), ":")
	if !found {
		return lane
	}
	return model
}
