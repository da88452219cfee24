package request

import (
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestSeed(t *testing.T) {
	t.Parallel()
	const drawn = 5
	for asked, want := range map[int64]int64{
		0: 0, 7: 7, -1: drawn, -9: drawn, picture.MaxSeed: picture.MaxSeed, picture.MaxSeed + 1: picture.MaxSeed,
	} {
		got, no := Resolve(Wanted{Prompt: "a boat", Seed: &asked}, postcards(), drawn)
		clamped := asked > picture.MaxSeed
		if no != nil || got.Spec.Seed != want || (len(got.Notes) > 0) != clamped {
			t.Errorf("%d: got seed %d, notes %q, %v; want %d", asked, got.Spec.Seed, got.Notes, no, want)
		}
	}
}

// TestFlagsOfOneSetting sees that of two ways to say the same the more deliberate one counts, or else the first, and
// that the other is named with the reason.
func TestFlagsOfOneSetting(t *testing.T) {
	t.Parallel()
	const (
		option = "an option already sets that."
		rivals = "--iw and --strength set the same, and the first counts."
	)
	for name, c := range map[string]struct {
		prompt   string
		asks     Wanted
		strength float64
		note     string
	}{
		"a size and --ar":          {"--ar 1:1", Wanted{Size: new("160x112")}, 0.6, "--ar 1:1 was ignored: " + option},
		"a strength and --iw":      {"--iw 0", Wanted{Strength: new(0.3)}, 0.3, "--iw 0 was ignored: " + option},
		"a strength and its flag":  {"--strength 0.9", Wanted{Strength: new(0.3)}, 0.3, option},
		"--iw and then --strength": {"--iw 0 --strength 0.3", Wanted{}, 1, "--strength 0.3 was ignored: " + rivals},
		"--strength and then --iw": {"--strength 0.3 --iw 0", Wanted{}, 0.3, "--iw 0 was ignored: " + rivals},
		"--strength twice":         {"--strength 0.3 --strength 0.9", Wanted{}, 0.3, "the first --strength counts."},
	} {
		c.asks.Prompt = "a boat " + c.prompt
		c.asks.Init = &Attachment{URL: "https://cdn.discordapp.com/a.png"}
		got, no := Resolve(c.asks, postcards(), 5)
		if no != nil || len(got.Notes) != 1 || !strings.HasSuffix(got.NoteTexts()[0], c.note) ||
			got.PendingInit.Strength != c.strength {
			t.Errorf("%s: got strength %+v, notes %q, %v; want %g and %q",
				name, got.PendingInit, got.Notes, no, c.strength, c.note)
		}
	}
}
