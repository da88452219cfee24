package picture

import "strconv"

// Lane names the lane of the queue in which a Spec waits: only renderers that read its version and have its model serve
// it.
func (s Spec) Lane() string { return lane(s.Version, s.Model.Hash) }

// Lanes names the lanes that a renderer with a model can serve: one for each Spec version that it reads, the newest
// first.
func Lanes(modelHash string) []string {
	var all []string
	for v := Version; v >= 1; v-- {
		all = append(all, lane(v, modelHash))
	}
	return all
}

func lane(version int, modelHash string) string { return strconv.Itoa(version) + ":" + modelHash }
