//go:build cgo

package main

import (
	"encoding/json"
	"slices"
	"testing"

	"darkroom/bot/admit"
	"darkroom/render"
	"darkroom/render/easel"
	"darkroom/render/golden/goldentest"
)

// TestOfferByModel sees what the bot is told of models of other kinds than the demo model's.
func TestOfferByModel(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		sampler  string
		steps    int
		guidance float64
		not      string
		habits   render.Habits
	}{
		goldentest.LCM:  {"lcm", 4, 8, "euler_a", render.Habits{WholeRepaints: true}},
		goldentest.SDXL: {"euler_a", 0, 5, "lcm", render.Habits{XL: true}},
		goldentest.SD1:  {"euler_a", 0, 0, "tcd", render.Habits{}},
	} {
		f, err := easel.Open(goldentest.Model(t, name))
		if err != nil {
			t.Fatal(err)
		}
		var m admit.Model
		if err := json.Unmarshal(card(f), &m); err != nil {
			t.Fatal(err)
		}
		d := m.Defaults
		if !slices.Contains(m.Samplers, want.sampler) || slices.Contains(m.Samplers, want.not) || d.Steps != want.steps || d.GuidanceScale != want.guidance ||
			d.Size != (admit.Size{Width: 64, Height: 64}) || !m.Starts || m.Multiple != 16 || m.Habits != want.habits {
			t.Errorf("%s: got %+v, want %+v at 64x64", name, m, want)
		}
	}
}
