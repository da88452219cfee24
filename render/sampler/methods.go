package sampler

import (
	"cmp"
	"math"
	"slices"
)

// methods are the samplers of each dialect that are verified, by values recorded from its own implementation (testdata,
// written by recipe/record.py). Others are not offered.
func methods(d Dialect) []Method {
	switch d {
	case Diffusers:
		return diffusersMethods()
	case A1111:
		return a1111Methods()
	}
	return nil
}

// diffusersMethod makes one method of diffusers.
func diffusersMethod(name string, plan func(Config, int) Plan, start func(run) stepper, t traits) Method {
	return Method{name, planThenSkip(plan), start, diffusersCounting(), t}
}

// diffusersMethods are diffusers' schedulers, each with the plan of its own class.
func diffusersMethods() []Method {
	all := []Method{
		diffusersMethod("ddim", ddimPlan, ddim, traits{eta: true}),
		diffusersMethod("ddpm", ddpmPlan, ddpm, traits{}),
		diffusersMethod("euler_a", eulerPlan(zeroSNRNear), eulerAncestral, traits{}),
		diffusersMethod("euler_ays", eulerAligned(zeroSNRNear), euler, traits{onlySteps: 10}),
		diffusersMethod("heun_ays", eulerAligned(zeroSNRIgnored), heun, traits{onlySteps: 10, twoCalls: true}),
		diffusersMethod("dpmpp_2m_ays", multistepAligned, dpmpp2m, traits{onlySteps: 10}),
		diffusersMethod("dpmpp_2m_sde_ays", multistepAligned, dpmpp2mNoise, traits{onlySteps: 10}),
		diffusersMethod("lcm", lcmPlan, lcm, traits{distilled: true, img2imgAllSteps: lcmImg2ImgPlan}),
		{"pndm", pndmConfiguredPlan, pndm, diffusersCounting(), traits{warmup: true}},
		diffusersMethod("tcd", tcdPlan, tcd, traits{distilled: true, eta: true}),
	}
	all = append(append(all, eulerLike()...), multistepLike()...)
	slices.SortFunc(all, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// eulerLike are the classes that space their sigmas over the times of the spacing.
func eulerLike() []Method {
	var all []Method
	for _, s := range []struct {
		name    string
		start   func(run) stepper
		end     float64
		rounded bool
		traits
	}{
		{"dpm2", dpm2, zeroSNRIgnored, true, traits{twoCalls: true}},
		{"dpm2_a", dpm2Ancestral, zeroSNRIgnored, true, traits{twoCalls: true}},
		{"dpmpp_sde", dpmppSDE, zeroSNRIgnored, false, traits{twoCalls: true}},
		{"euler", euler, zeroSNRNear, false, traits{}},
		{"heun", heun, zeroSNRIgnored, false, traits{twoCalls: true}},
		{"lms", lmsDiffusers, zeroSNRIgnored, false, traits{}},
	} {
		all = append(all,
			diffusersMethod(s.name, eulerPlan(s.end), s.start, s.traits),
			diffusersMethod(s.name+"_karras", eulerWithSchedule(karras, s.end, s.rounded), s.start, s.traits),
			diffusersMethod(s.name+"_exponential", eulerWithSchedule(exponential64, s.end, false), s.start, s.traits),
			diffusersMethod(s.name+"_beta", eulerWithSchedule(betaLevels, s.end, false), s.start, s.traits))
	}
	return all
}

// multistepLike are the classes that space their sigmas over the whole table.
func multistepLike() []Method {
	var all []Method
	for _, s := range []struct {
		name  string
		start func(run) stepper
		plan  func(Config, int) Plan
		end   float64
		lu    bool
	}{
		{"dpmpp_2m", dpmpp2m, multistepPlan, zeroSNRNear, true},
		{"dpmpp_2m_sde", dpmpp2mNoise, multistepPlan, zeroSNRNear, true},
		{"dpmpp_2s", dpmpp2s, singlestepPlan, zeroSNRIgnored, false},
		{"dpmpp_3m", dpmpp3m, multistepPlan, zeroSNRNear, true},
		{"dpmpp_3m_sde", dpmpp3mNoise, multistepPlan, zeroSNRNear, true},
		{"unipc", unipc, multistepPlan, zeroSNRNear, false},
	} {
		all = append(all,
			diffusersMethod(s.name, s.plan, s.start, traits{}),
			diffusersMethod(s.name+"_karras", multistepWithSchedule(karras, s.end, math.RoundToEven), s.start, traits{}),
			diffusersMethod(s.name+"_exponential", multistepWithSchedule(exponential64, s.end, math.Floor), s.start, traits{}),
			diffusersMethod(s.name+"_beta", multistepWithSchedule(betaLevels, s.end, math.Floor), s.start, traits{}))
		if s.lu {
			all = append(
				all, diffusersMethod(s.name+"_lu", multistepWithSchedule(luLambdas, s.end, math.RoundToEven), s.start, traits{}),
			)
		}
	}
	return all
}
