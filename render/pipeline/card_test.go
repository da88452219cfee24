package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/golden/goldentest"
)

// TestCardSaysTheGuess: what is concluded from a checkpoint's name stands in its card with what follows from it.
func TestCardSaysTheGuess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, card, want string
		steps            int
		guidance         float64
	}{
		"nothing to guess": {"boats", "", "", 0, 0},
		"a turbo model": {
			"Boats-Turbo", "",
			"“Boats-Turbo” is taken for a model for few steps (Turbo): this is a guess by its name. " +
				"Its defaults are 4 steps and guidance 1.", 4, 1,
		},
		"its steps": {
			"boats_lightning_8steps", `{"name":"Boats"}`,
			"“Boats” is taken for a model for few steps (lightning): this is a guess by its name. " +
				"Its defaults are 8 steps and guidance 1.", 8, 1,
		},
		"a card with defaults": {
			"boats_turbo", `{"name":"Boats","defaults":{"steps":9,"guidance":2}}`,
			"“Boats” is taken for a model for few steps (turbo): this is a guess by its name.", 9, 2,
		},
		"a card that says it": {"boats_turbo", `{"scheduler":{}}`, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := goldentest.Checkpoint(t, goldentest.CheckpointF16)
			beside := filepath.Join(filepath.Dir(path), c.file)
			if err := os.Rename(path, beside+".safetensors"); err != nil {
				t.Fatal(err)
			}
			if c.card != "" {
				if err := os.WriteFile(beside+".json", []byte(c.card), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			m, err := Open(beside + ".safetensors")
			if err != nil {
				t.Fatal(err)
			}
			got := Card(m)
			if d := got.Defaults; got.Guess != c.want || d.Steps != c.steps || d.GuidanceScale != c.guidance {
				t.Errorf("got %q, %+v, want %q, %d steps, guidance %g", got.Guess, d, c.want, c.steps, c.guidance)
			}
		})
	}
}
