package sampler

// a1111Methods are A1111's samplers: k-diffusion's, each with every schedule, and those with ways of their own. The
// plain name is the uniform schedule, as it was before A1111 1.9 gave each sampler an "Automatic" one.
func a1111Methods() []Method {
	var all []Method
	for _, s := range []struct {
		name    string
		start   func(run) stepper
		discard bool // A1111's discard_next_to_last_sigma
		traits
	}{
		{"dpm2", dpm2, true, traits{twice: true}},
		{"dpm2_a", dpm2Ancestral, true, traits{twice: true, eta: true}},
		{"dpmpp_2m", dpmpp2m, false, traits{}},
		{"dpmpp_2m_sde", dpmpp2mSDE, false, traits{eta: true}},
		{"dpmpp_2m_sde_heun", dpmpp2mSDEHeun, false, traits{eta: true}},
		{"dpmpp_2s_a", dpmpp2sAncestral, false, traits{twice: true, eta: true}},
		{"dpmpp_3m_sde", dpmpp3mSDE, true, traits{eta: true}},
		{"dpmpp_sde", dpmppSDE, false, traits{twice: true, eta: true}},
		{"euler", euler, false, traits{}},
		{"euler_a", eulerAncestral, false, traits{eta: true}},
		{"heun", heun, false, traits{twice: true}},
		{"lms", lms, false, traits{}},
	} {
		for _, by := range a1111Schedules() {
			all = append(all, Method{s.name + by.suffix, simply(a1111Plan(by, s.discard)), s.start, a1111Cut(), s.traits})
		}
	}
	return append(all, ownWays()...)
}

// ownWays are those that lay their steps themselves.
func ownWays() []Method {
	all := []Method{
		{"ddim", strideLay, ddim, enclosedCut(), traits{eta: true, fewest: 2}},
		{"dpm_adaptive", adaptiveLay, dpmAdaptive, a1111Cut(), traits{eta: true, calls: adaptiveCalls, strays: true}},
		{"dpm_fast", fastLay, dpmFast, a1111Cut(), traits{eta: true}},
		{"lcm", simply(lcmA1111Plan), lcmA1111, a1111Cut(), traits{distilled: true, fixed: true}},
		{"plms", strideLay, plms, enclosedCut(), traits{fewest: 2}},
		{"unipc", unipcLay, unipcA1111, enclosedCut(), traits{fewest: 3}},
	}
	for _, by := range a1111Schedules()[:2] {
		all = append(all, Method{"restart" + by.suffix, restartLay(by), restart, a1111Cut(), traits{twice: true}})
	}
	return all
}
