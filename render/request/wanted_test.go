package request

import (
	"reflect"
	"testing"
)

func TestPreset(t *testing.T) {
	t.Parallel()
	preset := &Preset{
		Words:    "oil on canvas",
		Settings: Wanted{Steps: new(12), Count: new(2), Size: new("160x112"), Spoiler: true, Strength: new(float64)},
	}
	for name, c := range map[string]struct {
		w      Wanted
		prompt string
		steps  int
		count  int
		size   Size
	}{
		"fills what is open": {Wanted{Prompt: "a boat"}, "a boat, oil on canvas", 12, 2,
			size(160, 112)},
		"an option wins": {Wanted{Prompt: "a boat", Steps: new(5)}, "a boat, oil on canvas", 5, 2,
			size(160, 112)},
		"a flag wins": {Wanted{Prompt: "a boat --steps 6"}, "a boat, oil on canvas", 6, 2,
			size(160, 112)},
		"a shape wins over the preset's size": {Wanted{Prompt: "a boat", Aspect: new("3:2")}, "a boat, oil on canvas",
			12, 2, size(160, 112)},
		"words alone are a prompt":                 {Wanted{}, "oil on canvas", 12, 2, size(160, 112)},
		"its strength needs no start picture said": {Wanted{Prompt: "x"}, "x, oil on canvas", 12, 2, size(160, 112)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := c.w
			w.Preset = preset
			o, no := Resolve(w, postcards(), 7)
			if no != nil {
				t.Fatal(no)
			}
			got := []any{o.Spec.Prompt, o.Spec.Steps, o.Spec.Count, size(o.Spec.Width, o.Spec.Height), o.Spoiler, o.NoteTexts()}
			want := []any{c.prompt, c.steps, c.count, c.size, true, []string(nil)}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	if preset.Settings.Steps == nil || *preset.Settings.Steps != 12 || preset.Settings.Init != nil {
		t.Errorf("the preset itself changed: %+v", preset.Settings)
	}
}
