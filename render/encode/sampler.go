package encode

import (
	"strings"

	"darkroom/render/sampler"
)

// samplerTitle pairs the name of a sampler in render/sampler with A1111's, and with the schedule that A1111 takes since
// 1.9 for "Automatic".
type samplerTitle struct{ name, shown, automatic string }

func samplerTitles() []samplerTitle {
	return []samplerTitle{
		{"dpmpp_2m", "DPM++ 2M", "karras"},
		{"dpmpp_sde", "DPM++ SDE", "karras"},
		{"dpmpp_2m_sde", "DPM++ 2M SDE", "exponential"},
		{"dpmpp_2m_sde_heun", "DPM++ 2M SDE Heun", "exponential"},
		{"dpmpp_2s_a", "DPM++ 2S a", "karras"},
		{"dpmpp_3m_sde", "DPM++ 3M SDE", "exponential"},
		{"euler_a", "Euler a", ""},
		{"euler", "Euler", ""},
		{"lms", "LMS", ""},
		{"heun", "Heun", ""},
		{"dpm2", "DPM2", "karras"},
		{"dpm2_a", "DPM2 a", "karras"},
		{"dpm_fast", "DPM fast", ownSchedule},
		{"dpm_adaptive", "DPM adaptive", ownSchedule},
		{"restart", "Restart", "karras"},
		{"ddim", "DDIM", ownSchedule},
		{"plms", "PLMS", ownSchedule},
		{"unipc", "UniPC", ownSchedule},
		{"lcm", "LCM", ownSchedule},
		{"pndm", "PNDM", ownSchedule}, // A1111 does not have these
		{"ddpm", "DDPM", ownSchedule},
		{"tcd", "TCD", ownSchedule},
		{"dpmpp_2s", "DPM++ 2S", ownSchedule},
		{"dpmpp_3m", "DPM++ 3M", ownSchedule},
	}
}

// ownSchedule is the schedule of samplers that have one of their own.
const ownSchedule = "own"

// scheduleTitle pairs the ending of a name with A1111's name for that schedule.
type scheduleTitle struct{ ending, shown string }

func scheduleTitles() []scheduleTitle {
	return []scheduleTitle{
		{"", "Uniform"}, {"karras", "Karras"}, {"exponential", "Exponential"}, {"polyexponential", "Polyexponential"},
		{"sgm_uniform", "SGM Uniform"}, {"kl_optimal", "KL Optimal"}, {"ays", "Align Your Steps"}, {"simple", "Simple"},
		{"ddim", "DDIM"}, {"beta", "Beta"},
		{"lu", "Lu"},      // only in diffusers
		{"", "Normal"},    // the sigmas of Uniform
		{"", "Automatic"}, // of a sampler that has one of its own
	}
}

// SamplerTitle returns A1111's name of a sampler with its schedule, as before A1111 1.9, or the name itself when A1111
// has none.
func SamplerTitle(name string) string {
	shown, schedule := splitTitle(name)
	if schedule == "" || schedule == "Uniform" {
		return shown
	}
	return shown + " " + schedule
}

// splitTitle divides a name into A1111's names of the sampler and of the schedule, which is empty for samplers with a
// schedule of their own.
func splitTitle(name string) (shown, schedule string) {
	base, ending := sampler.SplitName(name)
	for _, t := range samplerTitles() {
		if t.name != base {
			continue
		}
		if t.automatic == ownSchedule && ending == "" {
			return t.shown, ""
		}
		for _, s := range scheduleTitles() {
			if s.ending == ending {
				return t.shown, s.shown
			}
		}
	}
	return name, ""
}

// SamplerName returns the name of a sampler by A1111's name, in any case; schedule is its "Schedule type" since 1.9,
// empty before. "Automatic" is the sampler's own. A schedule at the end of the name goes before it, as in A1111's
// get_sampler_and_scheduler (modules/sd_samplers.py). An unknown sampler is returned as written.
func SamplerName(shown, schedule string) string {
	full := strings.TrimSpace(shown)
	schedule = strings.TrimSpace(schedule)
	for _, t := range samplerTitles() {
		rest, ok := cutPrefixFold(full, t.shown)
		if !ok {
			continue
		}
		if rest = strings.TrimSpace(rest); rest == "" {
			rest = schedule
		}
		if ending, ok := ending(t, rest); ok {
			return t.name + ending
		}
	}
	if schedule != "" && !strings.EqualFold(schedule, "Automatic") {
		full += " " + schedule
	}
	return full
}

// ending finds the ending of a name by the name of its schedule.
func ending(t samplerTitle, schedule string) (string, bool) {
	if schedule == "" {
		return "", true
	}
	if strings.EqualFold(schedule, "Automatic") && t.automatic != ownSchedule && t.automatic != "" {
		return "_" + t.automatic, true
	}
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, " ", "")) }
	for _, s := range scheduleTitles() {
		if plain(s.shown) != plain(schedule) {
			continue
		}
		if s.ending == "" {
			return "", true
		}
		return "_" + s.ending, true
	}
	return "", false
}

// cutPrefixFold cuts a prefix in any case, if it ends where a word does.
func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	rest := s[len(prefix):]
	return rest, rest == "" || rest[0] == ' '
}
