package request

import (
	"strings"

	"darkroom/render/prompt"
)

// noteMisread names what is read as A1111 reads it, and seldom meant: a number at a prompt's end, such as the time in
// "a clock at 12:30", which is the weight of the whole prompt, an edit that comes after the last step, and what is
// almost a flag.
func (r *resolution) noteMisread(prompts []string) {
	reading, s := prompt.ReadingOf(r.Spec), &r.Spec
	weights, late, flags := noteOnce{r: r}, noteOnce{r: r}, noteOnce{r: r}
	for _, text := range prompts {
		text, _ = prompt.Addons(text)
		if written, meant := prompt.AlmostFlag(text); written != "" {
			flags.say("“%s” was read as words. A flag has two dashes and a blank behind its name: %s.", shorten(written),
				shorten(meant))
		}
		terms, err := reading.Terms(s.Notation, text)
		if err != nil {
			continue // it is refused
		}
		if len(terms) == 1 && terms[0].Weight != 1 {
			number := strings.TrimSpace(strings.TrimPrefix(text, terms[0].Text))
			weights.say("The prompt ends in “%s”, so all of it counts ×%g, as in A1111. "+
				"Put a comma behind it to keep it as text.", shorten(number), terms[0].Weight)
		}
		for _, t := range terms {
			for _, edit := range reading.Unreached(t.Text, s.Steps) {
				late.say("“%s” comes only after the last step, so never. "+
					"A weight is written in round brackets, such as (fire:1.1).", shorten(edit))
			}
		}
	}
}

// noteOnce gives the first of several notes of one kind.
type noteOnce struct {
	r    *resolution
	said bool
}

func (n *noteOnce) say(format string, args ...any) {
	if !n.said {
		n.r.Note(format, args...)
	}
	n.said = true
}
