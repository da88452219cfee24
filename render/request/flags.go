package request

import (
	"strconv"
	"strings"

	"darkroom/render/prompt"
)

// readFlags takes the flags off a prompt. Those that are not understood are named and left out.
func (r *resolution) readFlags(text string) (string, []prompt.Flag) {
	rest, flags, unknown := prompt.Flags(text)
	for _, f := range unknown {
		r.Note("Unknown flag %s: it was left out.", typed(f))
	}
	var good []prompt.Flag
	for _, f := range flags {
		if f.Fault != "" {
			r.Note("%s", f.Fault)
			continue
		}
		good = append(good, f)
	}
	return rest, good
}

// mergeFlags puts flags where no option was given. An option is the more deliberate of the two, so it wins and the
// flag is named.
func (r *resolution) mergeFlags(w Wanted, flags []prompt.Flag) Wanted {
	for _, f := range flags {
		value := f.Value
		switch f.Name {
		case prompt.FlagAspect:
			if !r.overridden(f, w.Aspect != nil || w.Size != nil) {
				w.Aspect = &value
			}
		case prompt.FlagNegative:
			if !r.overridden(f, w.Negative != nil) {
				w.Negative = &value
			}
		case prompt.FlagSeed:
			if n, err := strconv.ParseInt(value, 10, 64); err == nil && !r.overridden(f, w.Seed != nil) {
				w.Seed = &n
			}
		case prompt.FlagTile:
			if yes := true; !r.overridden(f, w.Tiling != nil) {
				w.Tiling = &yes
			}
		case prompt.FlagSteps:
			if n, err := strconv.Atoi(value); err == nil && !r.overridden(f, w.Steps != nil) {
				w.Steps = &n
			}
		}
	}
	return w
}

// overridden notes a flag for which there is a value already.
func (r *resolution) overridden(f prompt.Flag, given bool) bool {
	if given {
		r.Note("%s was left out: that setting was already given.", typed(f))
	}
	return given
}

// typed writes a flag as it stands in a prompt.
func typed(f prompt.Flag) string { return strings.TrimSpace("--" + f.Name + " " + f.Value) }
