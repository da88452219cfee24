package picture

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Lane names the lane of the queue in which a Spec waits: "version:model", and ":H" where it needs more than the model.
// H is the start of the SHA-256 of Needs, one a line. Only renderers that read its version, and have its model and all
// that it needs beside it, serve it.
func (s Spec) Lane() string {
	base := lane(s.Version, s.Model.Hash)
	needs := s.Needs()
	if len(needs) == 0 {
		return base
	}
	sum := sha256.Sum256([]byte(strings.Join(needs, "\n")))
	return base + ":" + hex.EncodeToString(sum[:])[:needsDigits]
}

// needsDigits is how many hex digits of a hash name what a lane needs: 64 bits, which no queue sees twice by chance.
const needsDigits = 16

// Needs returns the hashes of what a renderer must have for a Spec beside its model, in order and each once.
func (s Spec) Needs() []string {
	var hashes []string
	for _, p := range s.Parts() {
		if p.Kind != Model {
			hashes = append(hashes, p.Hash)
		}
	}
	slices.Sort(hashes)
	return slices.Compact(hashes)
}

// Lanes names the lanes that a renderer with a model can serve: one for each Spec version that it reads, the newest
// first. They stand for those with needs, which are too many to be named: see queue.Capacity.
func Lanes(modelHash string) []string {
	var all []string
	for v := Version; v >= 1; v-- {
		all = append(all, lane(v, modelHash))
	}
	return all
}

// ModelLane returns the lane of those that need the same model and nothing beside it.
func ModelLane(lane string) string {
	if parts := strings.SplitN(lane, ":", 3); len(parts) == 3 {
		return parts[0] + ":" + parts[1]
	}
	return lane
}

func lane(version int, modelHash string) string { return strconv.Itoa(version) + ":" + modelHash }
