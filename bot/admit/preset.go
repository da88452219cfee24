package admit

// Preset is what somebody wants whenever they name it, as typed. Nil means that it leaves the matter open. Its JSON is kept
// in SQL.
type Preset struct {
	Words    string `json:"Words"`    // put after the prompt
	Settings Wanted `json:"Settings"` // its prompt and its pictures are not looked at
}

// under fills what neither an option nor a flag said with what a preset says.
func (p Preset) applyTo(w Wanted) Wanted {
	s := p.Settings
	if w.Aspect == nil && w.Size == nil {
		w.Aspect, w.Size = s.Aspect, s.Size
	}
	fill(&w.Negative, s.Negative)
	fill(&w.Seed, s.Seed)
	fill(&w.Steps, s.Steps)
	fill(&w.GuidanceScale, s.GuidanceScale)
	fill(&w.Sampler, s.Sampler)
	fill(&w.Count, s.Count)
	fill(&w.Tiling, s.Tiling)
	fill(&w.Notation, s.Notation)
	fill(&w.Emphasis, s.Emphasis)
	if w.Init != nil {
		fill(&w.Strength, s.Strength)
	}
	return w
}

func fill[T any](field **T, preset *T) {
	if *field == nil {
		*field = preset
	}
}

// preset applies the request's preset, if it names one: its words come after those of the prompt, its settings count where
// nothing else was said.
func (j *judgement) preset(w Wanted) Wanted {
	if w.Preset == nil {
		return w
	}
	if words := w.Preset.Words; words != "" {
		if j.resolved.Spec.Prompt != "" {
			j.resolved.Spec.Prompt += ", "
		}
		j.resolved.Spec.Prompt += words
	}
	j.resolved.Spoiler = j.resolved.Spoiler || w.Preset.Settings.Spoiler
	return w.Preset.applyTo(w)
}
