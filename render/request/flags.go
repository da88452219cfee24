package request

import (
	"slices"
	"strconv"
	"strings"

	"darkroom/render/prompt"
)

// readFlags takes the flags off a prompt. Those that are not understood are named and left out.
func (r *resolution) readFlags(text string) (string, []prompt.Flag) {
	rest, flags, unknown := prompt.Flags(text)
	for _, f := range unknown {
		r.Note("Unknown flag %s was ignored.", typed(f))
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

// mergeFlags puts flags where no option was given. An option is the more deliberate of the two, so it wins and the flag
// is named. Of a flag that is repeated the first counts, except for what is kept out of the image: there all count.
func (r *resolution) mergeFlags(w Wanted, flags []prompt.Flag) Wanted {
	before := map[string]bool{}
	for _, f := range joinNegatives(flags) {
		n, _ := strconv.ParseInt(f.Value, 10, 64) // prompt.Flags has checked numbers
		taken := true
		switch f.Name {
		case prompt.FlagAspect:
			taken = w.Size == nil && put(&w.Aspect, f.Value)
		case prompt.FlagNegative:
			taken = put(&w.Negative, f.Value)
		case prompt.FlagSeed:
			taken = put(&w.Seed, n)
		case prompt.FlagTile:
			taken = put(&w.Tiling, true)
		case prompt.FlagSteps:
			taken = put(&w.Steps, int(n))
		case prompt.FlagResize:
			taken = put(&w.Resize, f.Value)
		}
		switch {
		case taken:
			before[f.Name] = true
		case before[f.Name]:
			r.Note("%s was ignored: the first --%s counts.", typed(f), f.Name)
		default:
			r.Note("%s was ignored: an option already sets that.", typed(f))
		}
	}
	return w
}

// flagText writes what was asked for as flags, as far as there are flags for it.
func flagText(w Wanted) string {
	var all []string
	add := func(name string, value *string) {
		if value != nil && strings.TrimSpace(*value) != "" {
			all = append(all, typed(prompt.Flag{Name: name, Value: *value}))
		}
	}
	number := func(n int64) *string { return new(strconv.FormatInt(n, 10)) }
	add(prompt.FlagAspect, w.Aspect)
	add(prompt.FlagNegative, w.Negative)
	if w.Seed != nil && *w.Seed >= 0 {
		add(prompt.FlagSeed, number(*w.Seed))
	}
	if w.Steps != nil {
		add(prompt.FlagSteps, number(int64(*w.Steps)))
	}
	if w.Tiling != nil && *w.Tiling {
		all = append(all, typed(prompt.Flag{Name: prompt.FlagTile}))
	}
	if w.Init != nil {
		add(prompt.FlagResize, w.Resize)
	}
	return strings.Join(all, " ")
}

// WithoutFlags returns flags, as Resolved has them, without those of some names.
func WithoutFlags(text string, names ...string) string {
	_, flags, _ := prompt.Flags(text)
	var kept []string
	for _, f := range flags {
		if !slices.Contains(names, f.Name) {
			kept = append(kept, typed(f))
		}
	}
	return strings.Join(kept, " ")
}

// joinNegatives makes one of all --no flags.
func joinNegatives(flags []prompt.Flag) []prompt.Flag {
	var joined []prompt.Flag
	at := -1
	for _, f := range flags {
		switch {
		case f.Name != prompt.FlagNegative:
			joined = append(joined, f)
		case at < 0:
			at, joined = len(joined), append(joined, f)
		default:
			joined[at].Value = strings.TrimRight(joined[at].Value, ", ") + ", " + f.Value
		}
	}
	return joined
}

// put fills a field, and returns false if there is a value already.
func put[T any](field **T, value T) bool {
	if *field != nil {
		return false
	}
	*field = &value
	return true
}

// typed writes a flag as it stands in a prompt.
func typed(f prompt.Flag) string { return strings.TrimSpace("--" + f.Name + " " + f.Value) }
