package admit

import (
	"slices"
	"unicode/utf8"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/sampler"
)

// Discord's permission to send files, and the one that implies all others.
const (
	attachFiles   = 1 << 15
	administrator = 1 << 3
)

// Order is a request that was found good: all that decides the picture, and what the person should be told about it.
type Resolved struct {
	Spec         picture.Spec // without Init when Start is set: its bytes must be copied first
	PendingInit  *InitImage   // the start picture to copy
	Spoiler      bool
	Notes        []string // what was changed or left out, one sentence each, not escaped
	UnknownWords []string // words of the prompt that the model never saw
	Examples     []string // three prompts it can paint, when there are unknown words
}

// Start is a start picture as it was sent, with how much of it is painted anew.
type InitImage struct {
	File     Attachment         `json:"file"`
	Strength float64            `json:"strength"`
	Place    *picture.Placement `json:"place,omitempty"` // where it lies, if something is painted around it
}

// Judge turns a request into an Order, or says why not. seed is drawn by the caller, for requests that name none. It
// looks at nothing but its arguments.
func Judge(req Request, available Available, policy Policy, seed int64) (Resolved, *Refusal) {
	if r := preconditions(req, available, policy); r != nil {
		return Resolved{}, r
	}
	m := available.Models[0].withDefaults()
	base := picture.Spec{
		Version: picture.Version, Dialect: m.Dialect, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: m.Name, Hash: m.Hash}, Negative: m.Defaults.Negative,
		Width: m.Defaults.Size.Width, Height: m.Defaults.Size.Height, Seed: seed, Count: m.Defaults.Count,
		Steps: m.Defaults.Steps, GuidanceScale: m.Defaults.GuidanceScale, Sampler: m.Defaults.Sampler,
	}
	j := judgement{req: req, model: m, policy: policy, resolved: Resolved{Spec: base, Spoiler: req.Wanted.Spoiler}}
	return j.apply(req.Wanted)
}

// Revise judges a remix: the words are new, and what they leave open is as it was in base. The seed is new too.
func JudgeRemix(req Request, available Available, policy Policy, base picture.Spec, seed int64) (Resolved, *Refusal) {
	if r := preconditions(req, available, policy); r != nil {
		return Resolved{}, r
	}
	base.Seed, base.Variations, base.Hires = seed, nil, nil
	j := judgement{req: req, policy: policy, resolved: Resolved{Spec: base, Spoiler: req.Wanted.Spoiler}}
	j.chooseModel(available)
	return j.apply(req.Wanted)
}

// Again judges a Spec that a button derived from an earlier one: what was allowed then may not be allowed now.
func JudgeSpec(req Request, available Available, policy Policy, spec picture.Spec, spoiler bool) (Resolved, *Refusal) {
	if r := preconditions(req, available, policy); r != nil {
		return Resolved{}, r
	}
	j := judgement{req: req, policy: policy, resolved: Resolved{Spec: spec, Spoiler: spoiler}}
	j.chooseModel(available)
	return j.finish()
}

// Around judges a Spec that a button derived from a posted picture, which is laid somewhere on a canvas of the size that
// comes of the judgement and painted around.
func JudgeOutpaint(req Request, available Available, policy Policy, spec picture.Spec, from InitImage, placeOn func(width, height int) picture.Placement, spoiler bool) (Resolved, *Refusal) {
	if r := preconditions(req, available, policy); r != nil {
		return Resolved{}, r
	}
	j := judgement{req: req, policy: policy, resolved: Resolved{Spec: spec, Spoiler: spoiler}}
	j.chooseModel(available)
	if r := j.initImage(Wanted{Init: &from.File, Strength: &from.Strength}); r != nil {
		return Resolved{}, r
	}
	o, r := j.finish()
	if r != nil {
		return Resolved{}, r
	}
	at := placeOn(o.Spec.Width, o.Spec.Height)
	o.PendingInit.Place = &at
	return o, nil
}

// outset refuses what no choice of settings can help.
func preconditions(req Request, available Available, policy Policy) *Refusal {
	if r := paused(policy); r != nil {
		return r
	}
	if r := CheckPlace(req.Place); r != nil {
		return r
	}
	if len(available.Models) == 0 {
		return refuse("Try again in a minute. If it stays so, whoever runs this bot should look at its renderer.",
			"No renderer has told me yet what it can paint.")
	}
	return nil
}

// CheckPlace tells whether the bot may send pictures in a place, or why not.
func CheckPlace(p Place) *Refusal {
	inServer := p.Kind == "guild" || p.Kind == "thread"
	if inServer && p.BotPermissions&(attachFiles|administrator) == 0 {
		return refuse("Ask a moderator to give the bot the permission Attach Files here, or use another channel.",
			"I may not send pictures in this channel.")
	}
	return nil
}

// judgement is one request on its way through the rules.
type judgement struct {
	req      Request
	model    Model
	policy   Policy
	resolved Resolved
}

// all applies what was wanted and then the limits.
func (j *judgement) apply(w Wanted) (Resolved, *Refusal) {
	text, flags := j.readFlags(w.Prompt)
	fixed := prompt.DetectNotation(j.resolved.Spec.Prompt) != j.resolved.Spec.Notation // somebody chose it for the words that were
	j.resolved.Spec.Prompt = text
	w = j.preset(j.merge(w, flags))
	if !fixed {
		j.resolved.Spec.Notation = prompt.DetectNotation(j.resolved.Spec.Prompt)
	}
	for _, rule := range []func(Wanted) *Refusal{j.notation, j.prompts, j.checkWeights, j.size, j.numbers, j.sampler, j.initImage} {
		if r := rule(w); r != nil {
			return Resolved{}, r
		}
	}
	return j.finish()
}

// finish applies the server's limits and looks for words that the model does not know.
func (j *judgement) finish() (Resolved, *Refusal) {
	if r := j.checkAbilities(); r != nil {
		return Resolved{}, r
	}
	if r := j.limit(); r != nil {
		return Resolved{}, r
	}
	j.fitSampler()
	if most := j.policy.MaxSteps; most > 0 && j.resolved.Spec.Steps > most {
		return Resolved{}, refuse("Choose another sampler.", "%s takes at least %d steps, and this server allows at most %d.",
			encode.SamplerTitle(j.resolved.Spec.Sampler), j.resolved.Spec.Steps, most)
	}
	if err := j.resolved.Spec.Validate(); err != nil {
		return Resolved{}, refuse("", "These settings do not go together: %v.", err)
	}
	j.findUnknownWords()
	return j.resolved, nil
}

// words settles prompt and negative prompt.
func (j *judgement) prompts(w Wanted) *Refusal {
	s := &j.resolved.Spec
	if w.Negative != nil {
		s.Negative = *w.Negative
	}
	if s.Prompt == "" {
		return refuse("For example: /imagine prompt: "+j.example(), "There is nothing to paint: the prompt is empty.")
	}
	for _, text := range []struct{ name, text string }{{"prompt", s.Prompt}, {"negative prompt", s.Negative}} {
		if n := utf8.RuneCountInString(text.text); n > picture.MaxPromptRunes {
			return refuse("Please shorten it.", "The %s has %d characters; at most %d can be read.", text.name, n, picture.MaxPromptRunes)
		}
	}
	j.noteUnread()
	return nil
}

// notation settles how the words are read, and how weights become emphasis.
func (j *judgement) notation(w Wanted) *Refusal {
	s := &j.resolved.Spec
	if n := w.Notation; n != nil {
		if s.Notation = picture.Notation(*n); s.Notation != picture.NotationA1111 && s.Notation != picture.NotationMidjourney {
			return refuse("Known are: a1111, midjourney.", "I know no notation called %q.", *n)
		}
	}
	if e := w.Emphasis; e != nil {
		switch *e {
		case "original":
			s.Emphasis = picture.EmphasisOriginal
		case string(picture.EmphasisNoNorm):
			s.Emphasis = picture.EmphasisNoNorm
		default:
			return refuse("Known are: original, no_norm.", "I know no emphasis called %q.", *e)
		}
	}
	if w.Tiling != nil {
		s.Tiling = *w.Tiling
	}
	return nil
}

// weights refuses a prompt whose parts leave nothing to paint.
func (j *judgement) checkWeights(Wanted) *Refusal {
	rest, _ := prompt.Addons(j.resolved.Spec.Prompt)
	if _, err := prompt.Terms(j.resolved.Spec.Notation, rest); err != nil {
		return refuse("Give the words you want more weight than those you do not want.", "I cannot paint this: %v.", err)
	}
	return nil
}

func (j *judgement) example() string {
	if len(j.model.Examples) > 0 {
		return j.model.Examples[0]
	}
	return "a red boat on a blue sea"
}

// sampler refuses a name it does not know: the nearest name would paint something else than was asked for. A name may be
// written as A1111 shows it. Samplers are the model's, and so is the dialect they belong to.
func (j *judgement) sampler(w Wanted) *Refusal {
	s := &j.resolved.Spec
	if w.Sampler != nil && *w.Sampler != "" {
		name := encode.SamplerName(*w.Sampler, "")
		if !slices.Contains(j.model.Samplers, name) {
			return refuse("Known are: "+sampler.FormatNames(j.model.SamplerNames())+".", "I know no sampler called %q.", *w.Sampler)
		}
		s.Sampler, s.Dialect = name, j.model.Dialect
	}
	j.fitSampler()
	return nil
}

// suit gives the sampler what it can do with: its own number of steps, and no eta if it has none.
func (j *judgement) fitSampler() {
	s := &j.resolved.Spec
	method, err := sampler.Find(sampler.Dialect(s.Dialect), s.Sampler)
	if err != nil {
		return // a renderer of another version knows it
	}
	if !method.TakesEta() {
		s.Eta = nil
	}
	if n := method.NearestSteps(s.Steps); n != s.Steps {
		j.note("%s takes %d steps; %d were asked for.", encode.SamplerTitle(s.Sampler), n, s.Steps)
		s.Steps = n
	}
}

// settle finds the model of the Spec among what is offered now.
func (j *judgement) chooseModel(available Available) {
	s := &j.resolved.Spec
	m, same := available.find(s.Model)
	if !same {
		j.note("The model this was painted with is not here any more; %s is used instead.", m.Name)
		s.Model, s.Dialect = picture.Ref{Name: m.Name, Hash: m.Hash}, m.Dialect
		s.Addons = nil
		j.dropUnsupported(m)
		if was := (Size{s.Width, s.Height}); !m.supports(was) {
			j.resize(m.bySize(was))
		}
		if !slices.Contains(m.Samplers, s.Sampler) {
			s.Sampler = m.Defaults.Sampler
		}
		j.fitSampler()
	}
	if same && s.Dialect == m.Dialect && !slices.Contains(m.Samplers, s.Sampler) {
		j.note("%s is not painted with the sampler %s any more; %s is used instead.", m.Name, s.Sampler, m.Defaults.Sampler)
		s.Sampler = m.Defaults.Sampler
		j.fitSampler()
	}
	j.model = m
}
