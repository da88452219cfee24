package folder

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schedulerClass is what one of diffusers' scheduler classes reads of scheduler_config.json besides the noise schedule,
// the prediction, timestep_spacing and steps_offset. Other settings may be there, left by a pipeline that had another
// scheduler: the class ignores them, and so does darkroom.
type schedulerClass struct {
	sampler   string   // of the diffusers dialect, without a schedule; "" for a class that is not offered
	schedules []string // the settings that choose another schedule, the first that is true counts
	// followed has the values that the sampler follows, by setting, the class's default first; nil is a setting that is
	// left out.
	followed settingValues

	clips, clipsByDefault bool      // it reads clip_sample
	thresholds            bool      // it reads thresholding
	continuous            bool      // it reads timestep_type
	flows                 bool      // it reads use_flow_sigmas
	karrasUnbounded       bool      // with Karras' schedule it does not read sigma_min and sigma_max
	betas                 betaRange // its defaults
}

// settingValues are values of settings, as encoding/json decodes them.
type settingValues map[string][]any

// betaRange is what a class takes for a noise schedule that the file leaves out.
type betaRange struct {
	start, end float64
	schedule   string
}

// The defaults of diffusers' classes: most have those of Ho et al. (2020).
var (
	paperBetas       = betaRange{0.0001, 0.02, "linear"}
	stableLinear     = betaRange{0.00085, 0.012, "linear"}
	consistencyBetas = betaRange{0.00085, 0.012, "scaled_linear"}
)

// scheduleEndings are the endings of samplers' names, by the setting that chooses the schedule.
var scheduleEndings = map[string]string{
	"use_karras_sigmas": "_karras", "use_exponential_sigmas": "_exponential", "use_beta_sigmas": "_beta",
	"use_lu_lambdas": "_lu",
}

var usualSchedules = []string{"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"}

// schedulerClasses returns diffusers' classes that share one noise schedule, so that a model of one can be sampled with
// any other. EDM and flow matching have schedules of their own.
func schedulerClasses() map[string]schedulerClass {
	ddim := schedulerClass{sampler: "ddim", clips: true, clipsByDefault: true, thresholds: true, betas: paperBetas}
	// The variance of fixed_small_log is that of fixed_small, calculated by its logarithm.
	ddpm := ddim
	ddpm.sampler, ddpm.followed = "ddpm", settingValues{"variance_type": {"fixed_small", "fixed_small_log"}}
	dpm2 := schedulerClass{sampler: "dpm2", schedules: usualSchedules, betas: stableLinear}
	dpm2a, heun, sde := dpm2, dpm2, dpm2
	dpm2a.sampler = "dpm2_a"
	heun.sampler, heun.clips = "heun", true
	sde.sampler, sde.followed, sde.karrasUnbounded = "dpmpp_sde", settingValues{"noise_sampler_seed": {nil}}, true
	lms := schedulerClass{sampler: "lms", schedules: usualSchedules, karrasUnbounded: true, betas: paperBetas}
	return map[string]schedulerClass{
		"":              {betas: paperBetas}, // an old file may not say
		"DDIMScheduler": ddim, "DDIMParallelScheduler": ddim,
		"DDPMScheduler": ddpm, "DDPMParallelScheduler": ddpm,
		"PNDMScheduler":        {sampler: "pndm", betas: paperBetas},
		"LMSDiscreteScheduler": lms,
		"EulerDiscreteScheduler": {
			sampler: "euler", schedules: usualSchedules, continuous: true, betas: paperBetas,
			followed: settingValues{"interpolation_type": {"linear"}, "final_sigmas_type": {"zero"}},
		},
		"EulerAncestralDiscreteScheduler": {sampler: "euler_a", betas: paperBetas},
		"HeunDiscreteScheduler":           heun,
		"KDPM2DiscreteScheduler":          dpm2,
		"KDPM2AncestralDiscreteScheduler": dpm2a,
		"DPMSolverSDEScheduler":           sde,
		"DPMSolverMultistepScheduler":     multistepClass(),
		"DPMSolverSinglestepScheduler":    singlestepClass(),
		"UniPCMultistepScheduler":         uniPCClass(),
		"DEISMultistepScheduler":          {thresholds: true, flows: true, betas: paperBetas},
		"SASolverScheduler":               {thresholds: true, flows: true, betas: paperBetas},
		"LCMScheduler": {
			sampler: "lcm", followed: settingValues{"timestep_scaling": {10.0}}, clips: true, thresholds: true,
			betas: consistencyBetas,
		},
		"TCDScheduler": {sampler: "tcd", betas: consistencyBetas},
	}
}

// multistepClass is DPMSolverMultistepScheduler. The solver types of other classes count as midpoint. euler_at_final
// asks for what is done anyway, since the last sigma is zero.
func multistepClass() schedulerClass {
	return schedulerClass{
		sampler:   "dpmpp_2m",
		schedules: []string{"use_karras_sigmas", "use_lu_lambdas", "use_exponential_sigmas", "use_beta_sigmas"},
		followed: settingValues{
			"solver_order": {2.0, 3.0}, "algorithm_type": {"dpmsolver++", "sde-dpmsolver++"},
			"solver_type":       {"midpoint", "logrho", "bh1", "bh2"},
			"final_sigmas_type": {"zero"}, "lambda_min_clipped": {nil},
			"variance_type": {nil, "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log"}, // DDPM's mean nothing
		},
		thresholds: true, flows: true, betas: paperBetas,
	}
}

// singlestepClass is DPMSolverSinglestepScheduler, which sets lower_order_final itself where the last sigma is zero.
func singlestepClass() schedulerClass {
	c := multistepClass()
	c.sampler, c.schedules = "dpmpp_2s", usualSchedules
	c.followed["solver_order"], c.followed["algorithm_type"] = []any{2.0}, []any{"dpmsolver++"}
	return c
}

// uniPCClass is UniPCMultistepScheduler. The solver types of other classes count as bh2.
func uniPCClass() schedulerClass {
	return schedulerClass{
		sampler: "unipc", schedules: usualSchedules,
		followed: settingValues{
			"solver_order": {2.0}, "solver_type": {"bh2", "midpoint", "heun", "logrho"}, "predict_x0": {true},
			"lower_order_final": {true}, "final_sigmas_type": {"zero"}, "solver_p": {nil},
		},
		thresholds: true, flows: true, betas: paperBetas,
	}
}

// OwnScheduler is a folder's own scheduler: diffusers samples with it where nobody asks for another.
type OwnScheduler struct {
	Sampler    string   // the nearest sampler of the diffusers dialect; "" where there is none
	Unfollowed []string // what the sampler does otherwise than the scheduler, as "solver_order 1, the sampler has 2"
}

// own translates a class and its settings.
func (s *schedulerConfig) own() OwnScheduler {
	c := s.class
	if c.sampler == "" {
		if s.Class == "" {
			return OwnScheduler{}
		}
		return OwnScheduler{Unfollowed: []string{s.Class + " is not offered as a sampler"}}
	}
	all := maps.Clone(c.followed)
	if all == nil {
		all = settingValues{}
	}
	own := OwnScheduler{Sampler: s.variant()}
	for _, name := range c.schedules {
		if s.all[name] == true {
			own.Sampler += scheduleEndings[name]
			if name != "use_lu_lambdas" && !(name == "use_karras_sigmas" && c.karrasUnbounded) {
				// diffusers takes these two from the file even where the class does not list them
				all["sigma_min"], all["sigma_max"] = []any{nil}, []any{nil}
			}
			break
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if said := s.all[name]; said != nil && !slices.Contains(all[name], said) {
			own.Unfollowed = append(own.Unfollowed, unfollowed(name, said, all[name][0]))
		}
	}
	own.Unfollowed = append(own.Unfollowed, s.unfollowedLists()...)
	return own
}

// variant is the class's sampler without its schedule: DPMSolverMultistepScheduler is several.
func (s *schedulerConfig) variant() string {
	if s.class.sampler != "dpmpp_2m" {
		return s.class.sampler
	}
	name := "dpmpp_2m"
	if s.all["solver_order"] == 3.0 {
		name = "dpmpp_3m"
	}
	if kind, _ := s.all["algorithm_type"].(string); strings.HasPrefix(kind, "sde-") {
		name += "_sde"
	}
	return name
}

// unfollowedLists tells what depends on other settings or is a list.
func (s *schedulerConfig) unfollowedLists() []string {
	var all []string
	if list, ok := s.all["disable_corrector"].([]any); ok && len(list) > 0 && s.class.sampler == "unipc" {
		all = append(all, unfollowed("disable_corrector", list, []any{}))
	}
	if s.all["lower_order_final"] == false && strings.HasPrefix(s.variant(), "dpmpp_3m") {
		all = append(all, unfollowed("lower_order_final", false, true)+" below 15 steps")
	}
	return all
}

// unfollowed says that a setting is not followed, and what counts instead.
func unfollowed(name string, said, instead any) string {
	text := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic("internal error: what was read as JSON must be JSON: " + err.Error())
		}
		return string(b)
	}
	if instead == nil {
		return fmt.Sprintf("%s %s, the sampler has none", name, text(said))
	}
	return fmt.Sprintf("%s %s, the sampler has %s", name, text(said), text(instead))
}
