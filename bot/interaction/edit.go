package interaction

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/bot/message"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store"
)

// refuse answers a refused request with a button that opens a form with all that was typed. The request is kept in SQL
// under the id of its question. Any other error is returned as it is.
func (m *imaginer) refuse(ctx context.Context, r *responder, question string, w permutationRequest, err error) error {
	if err == nil {
		return nil
	}
	text, fault := explain(r.req.Language, err)
	if fault {
		return err
	}
	put, cancel := r.beforeAnswer(ctx)
	defer cancel()
	if perr := m.putQuestion(put, r, question, w); perr != nil {
		m.submit.log.Warn("a refused request cannot be edited", "interaction", r.req.ID, "error", perr)
		return err
	}
	return r.replyPrivately(ctx, message.EditableRefusal(r.req.Language, text, question))
}

// putQuestion keeps a request under the id of its question.
func (m *imaginer) putQuestion(ctx context.Context, r *responder, id string, w permutationRequest) error {
	body, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("write down a request: %w", err)
	}
	return m.db.PutQuestion(ctx, store.Question{ID: id, User: r.req.Person.ID, Body: body})
}

// openForm is the form in which the request can be changed.
func (w permutationRequest) openForm(l language.Language, id button.ID) message.Form {
	if w.Region != nil {
		return w.Region.form(w.Wanted.Prompt).Form(l, id, picture.MaxPromptRunes)
	}
	return w.form(l).Form(l, id, picture.MaxPromptRunes)
}

// form is the request as a form shows it.
func (w permutationRequest) form(l language.Language) message.EditForm {
	f := message.EditForm{Size: firstOf(w.Wanted.Size, w.Wanted.Aspect), Count: w.TypedCount, Kept: w.keptSettings(l)}
	f.Prompt, f.Rest = splitPrompt(w.promptWithTags(), picture.MaxPromptRunes)
	if m := w.Wanted.Model; m != nil {
		f.Model = *m
	}
	if n := w.Wanted.Negative; n != nil {
		f.Negative, f.NegativeRest = splitPrompt(*n, picture.MaxPromptRunes)
	}
	if s := w.Wanted.Sampler; s != nil {
		f.Sampler = encode.SamplerTitle(encode.SamplerName(*s, ""))
	}
	if n := w.Wanted.Count; n != nil && f.Count == "" {
		f.Count = strconv.Itoa(*n)
	}
	return f
}

// promptWithTags is the prompt with the add-ons of options as tags, so that they can be edited too. They stand before
// it, because flags end it.
func (w permutationRequest) promptWithTags() string {
	var tags []string
	for _, a := range w.Wanted.Addons {
		tags = append(tags, prompt.ParseAddon(picture.LoRA, a).Tag)
	}
	if v := w.Wanted.VAE; v != nil && *v != "" {
		tags = append(tags, "<"+picture.VAE+":"+*v+">")
	}
	return strings.TrimSpace(strings.Join(append(tags, w.Wanted.Prompt), " "))
}

func firstOf(texts ...*string) string {
	for _, t := range texts {
		if t != nil && *t != "" {
			return *t
		}
	}
	return ""
}

// keptSettings names the settings that have no field in the form.
func (w permutationRequest) keptSettings(l language.Language) (kept []string) {
	add := func(given bool, text func() string) {
		if given {
			kept = append(kept, text())
		}
	}
	o := w.Wanted
	add(o.Seed != nil, func() string { return l.Sprintf("seed %d", *o.Seed) })
	add(o.Steps != nil, func() string { return l.Count(*o.Steps, "%d step", "%d steps", *o.Steps) })
	add(o.GuidanceScale != nil, func() string { return l.Sprintf("guidance %g", *o.GuidanceScale) })
	add(o.Init != nil, func() string { return l.Sprintf("start image %s", o.Init.Name) })
	add(o.Mask != nil, func() string { return l.Sprintf("mask %s", o.Mask.Name) })
	add(o.Resize != nil, func() string { return l.Sprintf("fit %s", *o.Resize) })
	add(o.Strength != nil, func() string { return l.Sprintf("strength %g", *o.Strength) })
	add(o.Hires != nil, func() string { return l.Sprintf("hires %g", *o.Hires) })
	add(o.Tiling != nil && *o.Tiling, func() string { return l.Text("tileable") })
	add(o.Draft != nil && *o.Draft, func() string { return l.Text("draft") })
	add(o.Private, func() string { return l.Text("private") })
	return kept
}

// splitPrompt cuts a prompt that is longer than a field at the last blank that fits.
func splitPrompt(text string, most int) (first, rest string) {
	runes := []rune(text)
	if len(runes) <= most {
		return text, ""
	}
	at := most
	for i := most; i > 0; i-- {
		if unicode.IsSpace(runes[i]) {
			at = i
			break
		}
	}
	return strings.TrimSpace(string(runes[:at])), strings.TrimSpace(string(runes[at:]))
}

// edited is the request with what a form holds. A field that the form does not have leaves its setting as it is.
func (w permutationRequest) edited(fields map[string]string) (permutationRequest, *request.Refusal) {
	field := func(id string) (string, bool) {
		v, ok := fields[id]
		return strings.TrimSpace(v), ok
	}
	if v, ok := field(message.FieldPrompt); ok {
		rest, _ := field(message.FieldRest)
		w.Wanted.Prompt = strings.TrimSpace(v + " " + rest)
		w.Wanted.Addons, w.Wanted.VAE = nil, nil // they were tags of it
	}
	if v, ok := field(message.FieldNegative); ok && (v != "" || w.Wanted.Negative != nil) {
		rest, _ := field(message.FieldNegativeRest)
		w.Wanted.Negative = new(strings.TrimSpace(v + " " + rest))
	}
	if v, ok := field(message.FieldSize); ok {
		w.Wanted.Size, w.Wanted.Aspect = nil, nil
		switch {
		case strings.Contains(v, ":"):
			w.Wanted.Aspect = &v
		case v != "":
			w.Wanted.Size = &v
		}
	}
	if v, ok := field(message.FieldModel); ok {
		w.Wanted.Model = given(v)
	}
	if v, ok := field(message.FieldSampler); ok {
		w.Wanted.Sampler = given(v)
	}
	if v, ok := field(message.FieldCount); ok {
		return w.withCount(v)
	}
	return w, nil
}

// given is a text, or nil if it is empty.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// withCount reads a number of images. What cannot be read is kept for the next form.
func (w permutationRequest) withCount(text string) (permutationRequest, *request.Refusal) {
	w.Wanted.Count, w.TypedCount = nil, ""
	if text == "" {
		return w, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		w.TypedCount = text
		return w, request.Refuse("", "Unknown number of images “%s”.", text).
			Suggest("Possible: 1 to %d.", picture.MaxCount)
	}
	w.Wanted.Count = &n
	return w, nil
}
