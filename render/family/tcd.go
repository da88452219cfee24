package family

import "strings"

// TCD is a model that was distilled by trajectory consistency (Zheng et al., 2024). Guidance does not help it.
var TCD = &Distillation{
	Name: consistencyName, Consistency: true, Defaults: Defaults{Steps: 4, GuidanceScale: 1, Sampler: "tcd"},
}

func isTCD(c Clues) bool { return strings.HasPrefix(c.Scheduler, "TCD") }
