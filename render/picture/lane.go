package picture

import "strconv"

// Lane names the line in which a Spec waits: only renderers that read its version and hold its model serve it.
func (s Spec) Lane() string { return lane(s.Version, s.Model.Hash) }

// Lanes names the lines that a renderer which holds a model can serve: one for each Spec version it reads, the newest
// first.
func Lanes(modelHash string) []string {
	var all []string
	for v := Version; v >= 1; v-- {
		all = append(all, lane(v, modelHash))
	}
	return all
}

func lane(version int, modelHash string) string { return strconv.Itoa(version) + ":" + modelHash }
