package admit

import (
	"fmt"
	"strconv"
	"strings"

	"darkroom/render/prompt"
)

// maxExamples is how many prompts are shown to somebody whose words the model does not know.
const maxExamples = 3

// maxTags is how many add-on tags are named.
const maxTags = 3

// readFlags takes the flags off a prompt. Those that are not understood are named and left out.
func (j *judgement) readFlags(text string) (string, []prompt.Flag) {
	rest, flags, unknown := prompt.Flags(text)
	for _, f := range unknown {
		j.note("I do not know the flag %s and left it out.", strings.TrimSpace("--"+f.Name+" "+f.Value))
	}
	var good []prompt.Flag
	for _, f := range flags {
		if f.Fault != "" {
			j.note("%s", f.Fault)
			continue
		}
		good = append(good, f)
	}
	return rest, good
}

// merge puts flags where no option was given. An option is the more deliberate of the two, so it wins and the flag is
// named.
func (j *judgement) merge(w Wanted, flags []prompt.Flag) Wanted {
	for _, f := range flags {
		value := f.Value
		switch f.Name {
		case prompt.FlagAspect:
			if !j.overridden(f, w.Aspect != nil || w.Size != nil) {
				w.Aspect = &value
			}
		case prompt.FlagNegative:
			if !j.overridden(f, w.Negative != nil) {
				w.Negative = &value
			}
		case prompt.FlagSeed:
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && !j.overridden(f, w.Seed != nil) {
				w.Seed = &n
			}
		case prompt.FlagTile:
			if yes := true; !j.overridden(f, w.Tiling != nil) {
				w.Tiling = &yes
			}
		case prompt.FlagSteps:
			if n, err := strconv.Atoi(value); err == nil && !j.overridden(f, w.Steps != nil) {
				w.Steps = &n
			}
		}
	}
	return w
}

func (j *judgement) overridden(f prompt.Flag, by bool) bool {
	if by {
		j.note("%s was left out, since it was said before.", strings.TrimSpace("--"+f.Name+" "+f.Value))
	}
	return by
}

// unread tells what of the words this version cannot paint: add-on tags, and what the model has no room for. Room is
// judged by the fewest chunks that the words can take, since only the renderer knows their tokens.
func (j *judgement) noteUnread() {
	s := &j.resolved.Spec
	if tags := prompt.AddonTags(s.Prompt, s.Negative); len(tags) > 0 {
		more := ""
		if n := len(tags) - maxTags; n > 0 {
			tags, more = tags[:maxTags], fmt.Sprintf(" and %d more", n)
		}
		j.note("This version has no add-ons, so it leaves out %s%s.", joined(tags), more)
	}
	for _, t := range []struct{ name, text string }{{"prompt", s.Prompt}, {"negative prompt", s.Negative}} {
		if room := j.model.Chunks; room > 0 && prompt.MinChunks(t.text, s.Notation) > room {
			j.note("%s reads about the first %d words of the %s; the rest was left out.", j.model.Name, room*prompt.ChunkTokens, t.name)
		}
	}
}

// unknown looks for words that a model with a word list never saw.
func (j *judgement) findUnknownWords() {
	if len(j.model.Words) == 0 {
		return
	}
	if j.resolved.UnknownWords = prompt.UnknownWords(j.model.Words, j.resolved.Spec.Prompt); len(j.resolved.UnknownWords) > 0 {
		j.resolved.Examples = j.model.Examples[:min(maxExamples, len(j.model.Examples))]
	}
}
