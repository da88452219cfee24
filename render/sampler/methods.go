package sampler

// methods are the samplers each dialect has been proved in, by values recorded from its own implementation
// (testdata/diffusers.json, testdata/kdiffusion.json). What is not here is not offered.
func methods(d Dialect) []Method {
	switch d {
	case Diffusers:
		return diffusersMethods()
	case A1111:
		return a1111Methods()
	}
	return nil
}

// diffusersMethods are diffusers' schedulers, each with the plan of its own class.
func diffusersMethods() []Method {
	m := func(name string, plan func(Config, int) Plan, start func(run) stepper) Method {
		return Method{name, plan, start, diffusersPart}
	}
	return []Method{
		m("ddim", ddimPlan, ddim),
		m("ddpm", ddpmPlan, ddpm),
		m("dpm2", eulerPlan, dpm2),
		m("dpm2_a", eulerPlan, dpm2Ancestral),
		m("dpm2_karras", dpm2KarrasPlan, dpm2),
		m("dpmpp_2m", multistepPlan, dpmpp2m),
		m("dpmpp_2m_karras", multistepKarrasPlan, dpmpp2m),
		m("dpmpp_2m_sde", multistepPlan, dpmpp2mNoise),
		m("dpmpp_2m_sde_karras", multistepKarrasPlan, dpmpp2mNoise),
		m("euler", eulerPlan, euler),
		m("euler_a", eulerPlan, eulerAncestral),
		m("euler_karras", eulerKarrasPlan, euler),
		m("heun", eulerPlan, heun),
		m("heun_karras", eulerKarrasPlan, heun),
		m("lcm", lcmPlan, lcm),
		m("lms", eulerPlan, lmsDiffusers),
		m("lms_karras", eulerKarrasPlan, lmsDiffusers),
		m("pndm", pndmPlan, pndm),
		m("tcd", tcdPlan, tcd),
		m("unipc", multistepPlan, unipc),
		m("unipc_karras", multistepKarrasPlan, unipc),
	}
}

// a1111Methods are k-diffusion's samplers, each with every schedule of A1111 that was recorded. The plain name is the
// uniform schedule, as it was before A1111 1.9 gave each sampler an "Automatic" one.
func a1111Methods() []Method {
	samplers := []struct {
		name    string
		start   func(run) stepper
		discard bool // A1111's discard_next_to_last_sigma
	}{
		{"dpm2", dpm2, true},
		{"dpm2_a", dpm2Ancestral, true},
		{"dpmpp_2m", dpmpp2m, false},
		{"dpmpp_2m_sde", dpmpp2mSDE, false},
		{"dpmpp_2m_sde_heun", dpmpp2mSDEHeun, false},
		{"dpmpp_2s_a", dpmpp2sAncestral, false},
		{"dpmpp_3m_sde", dpmpp3mSDE, true},
		{"dpmpp_sde", dpmppSDE, false},
		{"euler", euler, false},
		{"euler_a", eulerAncestral, false},
		{"heun", heun, false},
		{"lms", lms, false},
	}
	var all []Method
	for _, s := range samplers {
		for _, by := range a1111Schedules() {
			all = append(all, Method{s.name + by.suffix, a1111Plan(by.levels, s.discard), s.start, a1111Part})
		}
	}
	return all
}
