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
type Order struct {
	Spec     picture.Spec // without Init when Start is set: its bytes must be copied first
	Start    *Start       // the start picture to copy
	Spoiler  bool
	Notes    []string // what was changed or left out, one sentence each, not escaped
	Unknown  []string // words of the prompt that the model never saw
	Examples []string // three prompts it can paint, when there are unknown words
}

// Start is a start picture as it was sent, with how much of it is painted anew.
type Start struct {
	File     Attachment     `json:"file"`
	Strength float64        `json:"strength"`
	Place    *picture.Place `json:"place,omitempty"` // where it lies, if something is painted around it
}

// Judge turns a request into an Order, or says why not. seed is drawn by the caller, for requests that name none. It
// looks at nothing but its arguments.
func Judge(req Request, offer Offer, policy Policy, seed int64) (Order, *Refusal) {
	if r := outset(req, offer, policy); r != nil {
		return Order{}, r
	}
	m := offer.Models[0].filled()
	base := picture.Spec{
		Version: picture.Version, Dialect: m.Dialect, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: m.Name, Hash: m.Hash}, Negative: m.Defaults.Negative,
		Width: m.Defaults.Size.Width, Height: m.Defaults.Size.Height, Seed: seed, Count: m.Defaults.Count,
		Steps: m.Defaults.Steps, GuidanceScale: m.Defaults.GuidanceScale, Sampler: m.Defaults.Sampler,
	}
	j := judgement{req: req, model: m, policy: policy, order: Order{Spec: base, Spoiler: req.Wanted.Spoiler}}
	return j.all(req.Wanted)
}

// Revise judges a remix: the words are new, and what they leave open is as it was in base. The seed is new too.
func Revise(req Request, offer Offer, policy Policy, base picture.Spec, seed int64) (Order, *Refusal) {
	if r := outset(req, offer, policy); r != nil {
		return Order{}, r
	}
	base.Seed, base.Variations, base.Hires = seed, nil, nil
	j := judgement{req: req, policy: policy, order: Order{Spec: base, Spoiler: req.Wanted.Spoiler}}
	j.settle(offer)
	return j.all(req.Wanted)
}

// Again judges a Spec that a button derived from an earlier one: what was allowed then may not be allowed now.
func Again(req Request, offer Offer, policy Policy, spec picture.Spec, spoiler bool) (Order, *Refusal) {
	if r := outset(req, offer, policy); r != nil {
		return Order{}, r
	}
	j := judgement{req: req, policy: policy, order: Order{Spec: spec, Spoiler: spoiler}}
	j.settle(offer)
	return j.finish()
}

// Around judges a Spec that a button derived from a posted picture, which is laid somewhere on a canvas of the size that
// comes of the judgement and painted around.
func Around(req Request, offer Offer, policy Policy, spec picture.Spec, from Start, place func(width, height int) picture.Place, spoiler bool) (Order, *Refusal) {
	if r := outset(req, offer, policy); r != nil {
		return Order{}, r
	}
	j := judgement{req: req, policy: policy, order: Order{Spec: spec, Spoiler: spoiler}}
	j.settle(offer)
	if r := j.start(Wanted{Init: &from.File, Strength: &from.Strength}); r != nil {
		return Order{}, r
	}
	o, r := j.finish()
	if r != nil {
		return Order{}, r
	}
	at := place(o.Spec.Width, o.Spec.Height)
	o.Start.Place = &at
	return o, nil
}

// outset refuses what no choice of settings can help.
func outset(req Request, offer Offer, policy Policy) *Refusal {
	if r := paused(policy); r != nil {
		return r
	}
	if r := MayPost(req.Place); r != nil {
		return r
	}
	if len(offer.Models) == 0 {
		return refuse("Try again in a minute. If it stays so, whoever runs this bot should look at its renderer.",
			"No renderer has told me yet what it can paint.")
	}
	return nil
}

// MayPost tells whether the bot may send pictures in a place, or why not.
func MayPost(p Place) *Refusal {
	inServer := p.Kind == "guild" || p.Kind == "thread"
	if inServer && p.BotPermissions&(attachFiles|administrator) == 0 {
		return refuse("Ask a moderator to give the bot the permission Attach Files here, or use another channel.",
			"I may not send pictures in this channel.")
	}
	return nil
}

// judgement is one request on its way through the rules.
type judgement struct {
	req    Request
	model  Model
	policy Policy
	order  Order
}

// all applies what was wanted and then the limits.
func (j *judgement) all(w Wanted) (Order, *Refusal) {
	text, flags := j.readFlags(w.Prompt)
	fixed := prompt.NotationOf(j.order.Spec.Prompt) != j.order.Spec.Notation // somebody chose it for the words that were
	j.order.Spec.Prompt = text
	w = j.preset(j.merge(w, flags))
	if !fixed {
		j.order.Spec.Notation = prompt.NotationOf(j.order.Spec.Prompt)
	}
	for _, rule := range []func(Wanted) *Refusal{j.notation, j.words, j.weights, j.size, j.numbers, j.sampler, j.start} {
		if r := rule(w); r != nil {
			return Order{}, r
		}
	}
	return j.finish()
}

// finish applies the server's limits and looks for words that the model does not know.
func (j *judgement) finish() (Order, *Refusal) {
	if r := j.able(); r != nil {
		return Order{}, r
	}
	if r := j.limit(); r != nil {
		return Order{}, r
	}
	j.suit()
	if most := j.policy.MaxSteps; most > 0 && j.order.Spec.Steps > most {
		return Order{}, refuse("Choose another sampler.", "%s takes at least %d steps, and this server allows at most %d.",
			encode.SamplerTitle(j.order.Spec.Sampler), j.order.Spec.Steps, most)
	}
	if err := j.order.Spec.Validate(); err != nil {
		return Order{}, refuse("", "These settings do not go together: %v.", err)
	}
	j.unknown()
	return j.order, nil
}

// words settles prompt and negative prompt.
func (j *judgement) words(w Wanted) *Refusal {
	s := &j.order.Spec
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
	j.unread()
	return nil
}

// notation settles how the words are read, and how weights become emphasis.
func (j *judgement) notation(w Wanted) *Refusal {
	s := &j.order.Spec
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
func (j *judgement) weights(Wanted) *Refusal {
	rest, _ := prompt.Addons(j.order.Spec.Prompt)
	if _, err := prompt.Terms(j.order.Spec.Notation, rest); err != nil {
		return refuse("Give the words you want more weight than those you do not want.", "I cannot paint this: %v.", err)
	}
	return nil
}

func (j *judgement) example() string {
	if len(j.model.Prompts) > 0 {
		return j.model.Prompts[0]
	}
	return "a red boat on a blue sea"
}

// sampler refuses a name it does not know: the nearest name would paint something else than was asked for. A name may be
// written as A1111 shows it. Samplers are the model's, and so is the dialect they belong to.
func (j *judgement) sampler(w Wanted) *Refusal {
	s := &j.order.Spec
	if w.Sampler != nil && *w.Sampler != "" {
		name := encode.SamplerName(*w.Sampler, "")
		if !slices.Contains(j.model.Samplers, name) {
			return refuse("Known are: "+sampler.Listed(j.model.SamplerNames())+".", "I know no sampler called %q.", *w.Sampler)
		}
		s.Sampler, s.Dialect = name, j.model.Dialect
	}
	j.suit()
	return nil
}

// suit gives the sampler what it can do with: its own number of steps, and no eta if it has none.
func (j *judgement) suit() {
	s := &j.order.Spec
	method, err := sampler.Find(sampler.Dialect(s.Dialect), s.Sampler)
	if err != nil {
		return // a renderer of another version knows it
	}
	if !method.TakesEta() {
		s.Eta = nil
	}
	if n := method.Steps(s.Steps); n != s.Steps {
		j.note("%s takes %d steps; %d were asked for.", encode.SamplerTitle(s.Sampler), n, s.Steps)
		s.Steps = n
	}
}

// settle finds the model of the Spec among what is offered now.
func (j *judgement) settle(offer Offer) {
	s := &j.order.Spec
	m, same := offer.pick(s.Model)
	if !same {
		j.note("The model this was painted with is not here any more; %s is used instead.", m.Name)
		s.Model, s.Dialect = picture.Ref{Name: m.Name, Hash: m.Hash}, m.Dialect
		s.Addons = nil
		j.shed(m)
		if was := (Size{s.Width, s.Height}); !m.paints(was) {
			j.resize(m.bySize(was))
		}
		if !slices.Contains(m.Samplers, s.Sampler) {
			s.Sampler = m.Defaults.Sampler
		}
		j.suit()
	}
	if same && s.Dialect == m.Dialect && !slices.Contains(m.Samplers, s.Sampler) {
		j.note("%s is not painted with the sampler %s any more; %s is used instead.", m.Name, s.Sampler, m.Defaults.Sampler)
		s.Sampler = m.Defaults.Sampler
		j.suit()
	}
	j.model = m
}
