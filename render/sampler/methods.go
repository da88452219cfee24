package sampler

import (
	"cmp"
	"math"
	"slices"
)

// methods are the samplers each dialect has been proved in, by values recorded from its own implementation (testdata,
// written by recipe/record.py). What is not here is not offered.
func methods(d Dialect) []Method {
	switch d {
	case Diffusers:
		return diffusersMethods()
	case A1111:
		return a1111Methods()
	}
	return nil
}

// shape makes one method of diffusers.
func shape(name string, plan func(Config, int) Plan, start func(run) stepper, t traits) Method {
	return Method{name, simply(plan), start, diffusersCut(), t}
}

// diffusersMethods are diffusers' schedulers, each with the plan of its own class.
func diffusersMethods() []Method {
	all := []Method{
		shape("ddim", ddimPlan, ddim, traits{eta: true}),
		shape("ddpm", ddpmPlan, ddpm, traits{}),
		shape("euler_a", eulerPlan(nearly), eulerAncestral, traits{}),
		shape("euler_ays", eulerAligned(nearly), euler, traits{exactly: 10}),
		shape("heun_ays", eulerAligned(ignored), heun, traits{exactly: 10, twice: true}),
		shape("dpmpp_2m_ays", multistepAligned, dpmpp2m, traits{exactly: 10}),
		shape("dpmpp_2m_sde_ays", multistepAligned, dpmpp2mNoise, traits{exactly: 10}),
		shape("lcm", lcmPlan, lcm, traits{distilled: true, over: lcmPart}),
		{"pndm", pndmLay, pndm, diffusersCut(), traits{warms: true}},
		shape("tcd", tcdPlan, tcd, traits{distilled: true, eta: true}),
	}
	all = append(append(all, eulerLike()...), multistepLike()...)
	slices.SortFunc(all, func(a, b Method) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// eulerLike are the classes that lay their levels over the times of the spacing.
func eulerLike() []Method {
	var all []Method
	for _, s := range []struct {
		name    string
		start   func(run) stepper
		end     float64
		rounded bool
		traits
	}{
		{"dpm2", dpm2, ignored, true, traits{twice: true}},
		{"dpm2_a", dpm2Ancestral, ignored, true, traits{twice: true}},
		{"dpmpp_sde", dpmppSDEDiffusers, ignored, false, traits{twice: true}},
		{"euler", euler, nearly, false, traits{}},
		{"heun", heun, ignored, false, traits{twice: true}},
		{"lms", lmsDiffusers, ignored, false, traits{}},
	} {
		all = append(all,
			shape(s.name, eulerPlan(s.end), s.start, s.traits),
			shape(s.name+"_karras", eulerSpread(karras, s.end, s.rounded), s.start, s.traits),
			shape(s.name+"_exponential", eulerSpread(exponential64, s.end, false), s.start, s.traits),
			shape(s.name+"_beta", eulerSpread(betaLevels, s.end, false), s.start, s.traits))
	}
	return all
}

// multistepLike are the classes that lay their levels over the whole table.
func multistepLike() []Method {
	var all []Method
	for _, s := range []struct {
		name  string
		start func(run) stepper
		plan  func(Config, int) Plan
		end   float64
		lu    bool
	}{
		{"dpmpp_2m", dpmpp2m, multistepPlan, nearly, true},
		{"dpmpp_2m_sde", dpmpp2mNoise, multistepPlan, nearly, true},
		{"dpmpp_2s", dpmpp2s, singlestepPlan, ignored, false},
		{"dpmpp_3m", dpmpp3m, multistepPlan, nearly, true},
		{"dpmpp_3m_sde", dpmpp3mNoise, multistepPlan, nearly, true},
		{"unipc", unipc, multistepPlan, nearly, false},
	} {
		all = append(all,
			shape(s.name, s.plan, s.start, traits{}),
			shape(s.name+"_karras", multistepSpread(karras, s.end, math.RoundToEven), s.start, traits{}),
			shape(s.name+"_exponential", multistepSpread(exponential64, s.end, math.Floor), s.start, traits{}),
			shape(s.name+"_beta", multistepSpread(betaLevels, s.end, math.Floor), s.start, traits{}))
		if s.lu {
			all = append(all, shape(s.name+"_lu", multistepSpread(lu, s.end, math.RoundToEven), s.start, traits{}))
		}
	}
	return all
}
