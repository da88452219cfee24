package message

import (
	"testing"
	"unicode/utf8"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/picture"
)

// TestLabelsFitInEachLanguage: Discord takes titles and labels of forms up to 45 characters, descriptions up to 100 and
// labels of buttons up to 80. Longer ones would be cut, or refused.
func TestLabelsFitInEachLanguage(t *testing.T) {
	t.Parallel()
	id := button.ID{Verb: button.Remix, Job: "1-0"}
	for _, tag := range language.Known() {
		l := language.Find(tag)
		check := func(text string, most int) {
			if n := utf8.RuneCountInString(text); n > most {
				t.Errorf("%s: %q has %d characters, at most %d fit", tag, text, n, most)
			}
		}
		edit := EditForm{
			Prompt: "p", Rest: "r", Negative: "n", NegativeRest: "m", Size: "3:2", Model: "m", Sampler: "s", Count: "2",
		}
		for _, f := range []Form{
			UpscaleForm(l, id, []string{"Lanczos"}), ZoomForm(l, id, 1.05, 4),
			RegionForm{}.Form(l, id, 4000), RegionForm{Kept: true}.Form(l, id, 4000), edit.Form(l, id, 4000),
			RemixForm{StartsFromImage: true, Strength: 0.55, Models: []FormChoice{{Name: "m"}}}.Form(l, id, 4000),
			RemixForm{StartsFromImage: true, UsualStrength: 0.55}.Form(l, id, 4000),
		} {
			check(f.Title, 45)
			for _, field := range f.Fields {
				check(field.Label, 45)
				check(field.Description, 100)
				for _, c := range field.Choices {
					check(c.Name, MaxChoiceLength)
				}
			}
		}
		to, spec := Address{Language: l, Card: true, Draft: 20}, picture.Spec{Width: 128, Height: 96, Count: 1}
		for _, m := range []Message{
			Waiting(to, spec, "1-0", QueueStatus{}), Failed(to, spec, "1-0", "x"), Cancelled(to, spec, "1-0"),
			Reoffer(to, spec, "1-0"),
			Finished(to, spec, "1-0", Result{Tile: 1}), More(l, "1-0", 4, 0, "7"), MoreTile(l, "1-0", 2, true),
			EraseQuestion(l),
			DeleteQuestion(l, id, "7"), PermuteQuestion(l, "7", nil, 4, 0), EditableRefusal(l, "x", "7"),
			RegionQuestion(l, "7", File{}, "x", nil), UpscaleWhich(l, "1-0", 4),
		} {
			check(m.Content, MaxContent)
			for _, row := range m.Rows {
				for _, b := range row {
					check(b.Label, 80)
				}
			}
		}
	}
}
