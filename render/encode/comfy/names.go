package comfy

import "strings"

// samplerTitle is A1111's name of a sampler; the name as it is for one that A1111 does not have.
func samplerTitle(name string) string {
	titles := map[string]string{
		"euler": "Euler", "euler_ancestral": "Euler a", "heun": "Heun", "dpm_2": "DPM2", "dpm_2_ancestral": "DPM2 a",
		"lms": "LMS", "dpm_fast": "DPM fast", "dpm_adaptive": "DPM adaptive", "dpmpp_2s_ancestral": "DPM++ 2S a",
		"dpmpp_sde": "DPM++ SDE", "dpmpp_2m": "DPM++ 2M", "dpmpp_2m_sde": "DPM++ 2M SDE",
		"dpmpp_2m_sde_heun": "DPM++ 2M SDE Heun", "dpmpp_3m_sde": "DPM++ 3M SDE", "ddpm": "DDPM", "lcm": "LCM",
		"ddim": "DDIM", "uni_pc": "UniPC",
	}
	if title, ok := titles[strings.TrimSuffix(name, "_gpu")]; ok {
		return title
	}
	return name
}

// schedulerTitle is the same for a schedule.
func schedulerTitle(name string) string {
	titles := map[string]string{
		"normal": "Normal", "karras": "Karras", "exponential": "Exponential", "sgm_uniform": "SGM Uniform",
		"simple": "Simple", "ddim_uniform": "DDIM", "beta": "Beta", "kl_optimal": "KL Optimal",
	}
	if title, ok := titles[name]; ok {
		return title
	}
	return name
}
