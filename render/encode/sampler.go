package encode

import "strings"

// samplerNames pairs our names of samplers (render/sampler) with those A1111 shows.
func samplerNames() [][2]string {
	return [][2]string{
		{"ddim", "DDIM"},
		{"euler", "Euler"},
		{"euler_a", "Euler a"},
		{"dpmpp_2m", "DPM++ 2M"},
		{"dpmpp_2m_karras", "DPM++ 2M Karras"},
	}
}

// SamplerTitle returns the name A1111 shows for one of our samplers, or the name itself when it has none.
func SamplerTitle(name string) string {
	for _, n := range samplerNames() {
		if n[0] == name {
			return n[1]
		}
	}
	return name
}

// SamplerName returns our name for a sampler as A1111 shows it, in any case; schedule is its "Schedule type" since 1.9,
// empty before. A sampler we have no name for comes back as it was written.
func SamplerName(title, schedule string) string {
	full := strings.TrimSpace(title)
	if schedule != "" && !strings.EqualFold(schedule, "Automatic") && !strings.EqualFold(schedule, "Uniform") {
		full += " " + strings.TrimSpace(schedule)
	}
	for _, n := range samplerNames() {
		if strings.EqualFold(full, n[1]) || strings.EqualFold(full, n[0]) {
			return n[0]
		}
	}
	return full
}
