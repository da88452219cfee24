package interaction

import (
	"testing"

	"darkroom/queue"
	"darkroom/render/encode"
)

func TestPictureDistance(t *testing.T) {
	t.Parallel()
	f := queue.File{Seed: 7, SHA256: "5a", PHash: "00000000ffffffff"}
	for name, c := range map[string]struct {
		sum, look string
		seed      int64
		says      bool
		want      int
	}{
		"the same bytes":              {sum: "5a", want: -1},
		"the same look":               {look: "00000000fffffff0", want: 4},
		"the same look and seed":      {look: "00000000ffffffff", seed: 7, says: true},
		"the same look, another seed": {look: "00000000ffffffff", seed: 8, says: true, want: sameLook + 1},
		"no look":                     {want: sameLook + 1},
		"another look":                {look: "ffffffff00000000", want: 64},
	} {
		if got := distance(f, c.sum, c.look, encode.Parameters{Seed: c.seed}, c.says); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
