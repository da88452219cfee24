package picture

import "strconv"

// Lane names the renderers that can paint a Spec: those that read its version and hold its model, to the byte. A job
// goes into the lane of its Spec; a renderer serves the lanes of every version it reads, for each of its models.
func (s Spec) Lane() string { return Lane(s.Version, s.Model.Hash) }

// Lane is the lane of a Spec version and a model's content hash.
func Lane(version int, hash string) string { return "v" + strconv.Itoa(version) + "-" + hash }
