package sampler

// a1111Methods are A1111's samplers: k-diffusion's, each with every schedule, and those with plans of their own. The
// plain name has the uniform schedule, as before A1111 1.9, which gave each sampler an "Automatic" one.
func a1111Methods() []Method {
	var all []Method
	for _, s := range []struct {
		name    string
		start   func(run) stepper
		discard bool // A1111's discard_next_to_last_sigma
		traits
	}{
		{"dpm2", dpm2, true, traits{twoCalls: true}},
		{"dpm2_a", dpm2Ancestral, true, traits{twoCalls: true, eta: true}},
		{"dpmpp_2m", dpmpp2m, false, traits{}},
		{"dpmpp_2m_sde", dpmpp2mSDE, false, traits{eta: true}},
		{"dpmpp_2m_sde_heun", dpmpp2mSDEHeun, false, traits{eta: true}},
		{"dpmpp_2s_a", dpmpp2sAncestral, false, traits{twoCalls: true, eta: true}},
		{"dpmpp_3m_sde", dpmpp3mSDE, true, traits{eta: true}},
		{"dpmpp_sde", dpmppSDE, false, traits{twoCalls: true, eta: true}},
		{"euler", euler, false, traits{}},
		{"euler_a", eulerAncestral, false, traits{eta: true}},
		{"heun", heun, false, traits{twoCalls: true}},
		{"lms", lms, false, traits{}},
	} {
		for _, by := range a1111Schedules() {
			all = append(
				all, Method{s.name + by.suffix, planThenSkip(a1111Plan(by, s.discard)), s.start, a1111Counting(), s.traits},
			)
		}
	}
	return append(all, a1111OwnMethods()...)
}

// a1111OwnMethods are the samplers that plan their own steps.
func a1111OwnMethods() []Method {
	all := []Method{
		{"ddim", a1111StridePlan, ddim, a1111TimestepCounting(), traits{eta: true, minSteps: 2}},
		{
			"dpm_adaptive", dpmAdaptivePlan, dpmAdaptive, a1111Counting(),
			traits{eta: true, totalCalls: adaptiveCallEstimate, diverges: true},
		},
		{"dpm_fast", dpmFastPlan, dpmFast, a1111Counting(), traits{eta: true}},
		{"lcm", planThenSkip(lcmA1111Plan), lcmA1111, a1111Counting(), traits{distilled: true, distilledOn50: true}},
		{"plms", a1111StridePlan, plms, a1111TimestepCounting(), traits{minSteps: 2}},
		{"unipc", unipcA1111Plan, unipcA1111, a1111TimestepCounting(), traits{minSteps: 3}},
	}
	for _, by := range a1111Schedules()[:2] {
		all = append(all, Method{"restart" + by.suffix, restartPlan(by), restart, a1111Counting(), traits{twoCalls: true}})
	}
	return all
}
