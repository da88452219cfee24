package render

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/family"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// scheduleChanges change one thing each that files beside a model may say of its schedule, and name a sampler whose
// images show it. A field of sampler.Config that is not among them fails TestEverySettingIsHeld.
var scheduleChanges = map[string]struct {
	sampler string
	change  func(*sampler.Config)
}{
	"TrainSteps":    {"ddim", func(c *sampler.Config) { c.TrainSteps = 500 }},
	"BetaStart":     {"ddim", func(c *sampler.Config) { c.BetaStart *= 2 }},
	"BetaEnd":       {"ddim", func(c *sampler.Config) { c.BetaEnd *= 2 }},
	"BetaSchedule":  {"ddim", func(c *sampler.Config) { c.BetaSchedule = sampler.Linear }},
	"Prediction":    {"ddim", func(c *sampler.Config) { c.Prediction = sampler.Velocity }},
	"ZeroSNR":       {"ddim", func(c *sampler.Config) { c.ZeroSNR = true }},
	"Spacing":       {"ddim", func(c *sampler.Config) { c.Spacing = sampler.Trailing }},
	"StepsOffset":   {"ddim", func(c *sampler.Config) { c.StepsOffset = 0 }},
	"SetAlphaToOne": {"ddim", func(c *sampler.Config) { c.SetAlphaToOne = new(true) }},
	"RungeKutta":    {"pndm", func(c *sampler.Config) { c.RungeKutta = true }},
	"OriginalSteps": {"lcm", func(c *sampler.Config) { c.OriginalSteps = 20 }},
}

// TestSpecHoldsTheSchedule: a Spec that holds a schedule gives the same image whatever a model's files say by now. One
// that holds none, as earlier programs wrote them, is sampled as the files say.
func TestSpecHoldsTheSchedule(t *testing.T) {
	t.Parallel()
	for name, c := range scheduleChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := rendererOf(t, c.sampler, func(*sampler.Config) {})
			after := rendererOf(t, c.sampler, c.change)
			s := boatSpec()
			s.Sampler = c.sampler
			was := mustRender(t, before, s, Job{}).Tiles[0].Image
			if sameImage(was, mustRender(t, after, s, Job{}).Tiles[0].Image) {
				t.Fatal("the setting changes nothing, so this test cannot tell anything")
			}
			trained := before.parts.Config.Sampler
			schedule := ScheduleOf(trained)
			s.Version, s.Schedule = picture.Version, &schedule
			s.Prediction, s.ZeroSNR = picture.Prediction(trained.Prediction), trained.ZeroSNR
			for model, r := range map[string]*Renderer{"as it was": before, "changed": after} {
				if !sameImage(was, mustRender(t, r, s, Job{}).Tiles[0].Image) {
					t.Errorf("a model %s: got another image, want that of the Spec's schedule", model)
				}
			}
		})
	}
}

func rendererOf(t *testing.T, name string, change func(*sampler.Config)) *Renderer {
	t.Helper()
	f := &fakeModel{}
	parts := f.parts()
	parts.Tokenizers = tokenizers(t)
	if name == "lcm" {
		parts.Config.Distillation = family.LCMInWeights
	}
	change(&parts.Config.Sampler)
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestScheduleThatCannotBe: a Spec's schedule is judged before anything is computed.
func TestScheduleThatCannotBe(t *testing.T) {
	t.Parallel()
	r, _ := newFake(t, Options{})
	s := boatSpec()
	s.Version, s.Schedule = picture.Version, &picture.Schedule{TrainSteps: 1000, BetaStart: 2, BetaEnd: 3}
	if got := refusalOf(t, r, s, Job{}); !strings.Contains(got, "noise schedule") {
		t.Errorf("got %q, want that the schedule cannot be followed", got)
	}
}

// TestEverySettingIsHeld: whatever samplers read of a model's files is tried above, or is no setting of those files.
func TestEverySettingIsHeld(t *testing.T) {
	t.Parallel()
	architecture := []string{"Img2ImgTakesAllSteps", "AlignedSteps"} // decided by the family and the pipeline's class
	for f := range reflect.TypeFor[sampler.Config]().Fields() {
		if _, tried := scheduleChanges[f.Name]; !tried && !slices.Contains(architecture, f.Name) {
			t.Errorf("%s: no test that a Spec holds it", f.Name)
		}
	}
}
