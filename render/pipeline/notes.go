package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Notes says, a sentence each, what a folder's files ask for and is done otherwise.
func Notes(f *folder.Model) []string {
	_, notes := ownSampler(f)
	if _, err := ownChecker(f); err != nil {
		notes = append(notes, fmt.Sprintf("%v; images of this model are not checked by it", err))
	}
	return append(slices.Clone(f.Unfollowed), notes...)
}

// usualSteps is how many steps a model's own scheduler must be able to take.
const usualSteps = 20

// ownSampler is the sampler of the folder's own scheduler, for a model whose card names none, and what it does
// otherwise than that scheduler. It is "" where the scheduler cannot be the default, as in A1111's dialect, which reads
// the noise schedule of it alone.
func ownSampler(f *folder.Model) (name string, notes []string) {
	if Dialect(f) != picture.Diffusers || f.Card.Defaults.Sampler != "" {
		return "", nil
	}
	own := f.Scheduler
	if len(own.Unfollowed) > 0 {
		notes = append(notes, "scheduler_config.json: "+strings.Join(own.Unfollowed, "; "))
	}
	if own.Sampler == "" {
		return "", notes
	}
	if !slices.Contains(Samplers(f), own.Sampler) {
		return "", append(notes, fmt.Sprintf(
			"scheduler_config.json: %s does not suit a model that is %s", f.Config.Scheduler, describeKind(f)))
	}
	method, err := sampler.Find(sampler.Diffusers, own.Sampler)
	if err == nil {
		_, err = method.Plan(Config(f.Config).Sampler, cmp.Or(f.Config.Kind.Defaults().Steps, usualSteps))
	}
	if err != nil {
		return "", append(notes, fmt.Sprintf("scheduler_config.json: %s is not the default: %v", f.Config.Scheduler, err))
	}
	return own.Sampler, notes
}

func describeKind(f *folder.Model) string {
	_, departures := f.Config.Kind.Describe()
	return strings.Join(departures, ", ")
}
