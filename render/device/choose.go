package device

import (
	"errors"
	"fmt"
	"strings"

	"darkroom/render/gpu"
	"darkroom/render/onnx/library"
)

// Choose says where to render if one device is asked for. Auto gives as many choices as cards can be used, or one. The
// error says what is missing, and what brings it.
func (m Machine) Choose(w Wanted) ([]Choice, error) {
	switch w.Kind {
	case Auto:
		return m.chooseAuto()
	case CUDA:
		c, err := m.chooseCard(w)
		return []Choice{c}, err
	case CPU, WebGPU:
		path, pulled, err := m.cpuLibrary()
		return []Choice{{Wanted: w, Library: path, Runtime: pulled, Reason: "as asked for"}}, err
	}
	return nil, fmt.Errorf("device %s: want auto, cpu, cuda:N or webgpu", w)
}

// ChooseAll says where to render if several devices are asked for.
func (m Machine) ChooseAll(wanted []Wanted) ([]Choice, error) {
	var all []Choice
	for _, w := range wanted {
		some, err := m.Choose(w)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// chooseAuto takes every card that can be used, or the CPU.
func (m Machine) chooseAuto() ([]Choice, error) {
	var all []Choice
	why := m.noCardReason()
	for _, card := range m.GPU.Cards {
		w := Wanted{Kind: CUDA, Index: card.Index}
		c, err := m.chooseCard(w)
		var no *CardError
		switch {
		case err == nil:
			all = append(all, c)
		case errors.As(err, &no):
			why = append(why, cardReason{describe(w, card) + " is here, but " + no.Reason, no.Fix})
		default:
			return nil, err
		}
	}
	if len(all) > 0 {
		for _, w := range why {
			all[0].Reason += "; " + w.text
		}
		return all, nil
	}
	path, pulled, err := m.cpuLibrary()
	c := Choice{Wanted: Wanted{Kind: CPU}, Library: path, Runtime: pulled}
	var texts []string
	for _, w := range why {
		texts = append(texts, w.text)
		if c.Fix == "" {
			c.Fix = w.fix
		}
	}
	c.Reason = strings.Join(texts, "; ")
	return []Choice{c}, err
}

// cardReason says why a card, or any, cannot be used, and what command helps.
type cardReason struct{ text, fix string }

// noCardReason says why there is no card to begin with.
func (m Machine) noCardReason() []cardReason {
	switch {
	case len(m.GPU.Cards) > 0:
		return nil
	case m.GPU.Unused > 0:
		return []cardReason{{"an NVIDIA card is here, but there is no driver for it", ""}}
	case m.GPU.Err != nil:
		return []cardReason{{m.GPU.Err.Error(), ""}}
	}
	return []cardReason{{"the NVIDIA driver sees no card that may be used", ""}}
}

// CardError says why a card cannot be used.
type CardError struct {
	Device string // as "cuda:0"
	Reason string
	Fix    string // a command; "" for none
}

// Error gives the reason, and the command that helps.
func (e *CardError) Error() string {
	text := "device " + e.Device + ": " + e.Reason
	if e.Fix != "" {
		text += ": run `" + e.Fix + "`"
	}
	return text
}

// chooseCard finds the library for a card that was asked for, or that auto tries. The error is a *CardError where the
// card cannot be used.
func (m Machine) chooseCard(w Wanted) (Choice, error) {
	card, found := m.GPU.Find(w.Index)
	if !found && len(m.GPU.Cards) > 0 {
		return Choice{}, &CardError{w.String(), "there is no such card; here " + m.cardNames(), ""}
	}
	if m.Explicit != "" {
		path, err := library.Find(m.Explicit)
		if err == nil && !library.HasCUDA(path) {
			return Choice{}, &CardError{w.String(), "the library of --ort, " + path + ", has no CUDA", ""}
		}
		return Choice{Wanted: w, Library: path, Card: card, Reason: nameOf(card)}, err
	}
	r, how := m.runtimeFor(card)
	better, best := m.recommended(card)
	if how == unfit {
		return m.withoutRuntime(w, card, better)
	}
	path, err := library.Find(r.Dir)
	c := Choice{Wanted: w, Library: path, Runtime: r.Name, Card: card, Reason: nameOf(card) + ", with " + r.Name}
	if how == translates {
		c.Reason += ", which has no code for it and is translated when it first runs"
		if best == fits {
			c.Fix = pull(better)
		}
	}
	return c, err
}

// withoutRuntime takes a library beside the program that has CUDA, or says what to pull.
func (m Machine) withoutRuntime(w Wanted, card gpu.Card, better string) (Choice, error) {
	if path, err := library.Find("", m.Dirs...); err == nil && library.HasCUDA(path) {
		return Choice{Wanted: w, Library: path, Card: card, Reason: nameOf(card)}, nil
	}
	for _, r := range m.Runtimes {
		if r.Err != nil && r.Name == better {
			return Choice{}, &CardError{w.String(), "its runtime is not whole: " + firstLine(r.Err), pull(better)}
		}
	}
	if better == "" {
		return Choice{}, &CardError{w.String(), m.unfitReason(card), ""}
	}
	reason := "the libraries of CUDA are missing"
	if errors.Is(m.GPU.Err, gpu.ErrNoDriver) {
		reason += ", and " + m.GPU.Err.Error()
	}
	return Choice{}, &CardError{w.String(), reason, pull(better)}
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

func (m Machine) cardNames() string {
	var names []string
	for _, c := range m.GPU.Cards {
		names = append(names, describe(Wanted{CUDA, c.Index}, c))
	}
	if len(names) == 1 {
		return "is " + names[0]
	}
	return "are " + strings.Join(names, "; ")
}
