package bot

import (
	"context"
	"strings"

	"darkroom/bot/message"
	"darkroom/render/encode"
)

// maxChoiceLength is Discord's limit on the name and the value of a suggestion, in characters.
const maxChoiceLength = 100

// complete suggests values while somebody types an option. What is typed may be sent all the same, so it is judged
// again then.
func (h *handler) autocomplete(ctx context.Context) error {
	choices, err := h.choices(ctx)
	if err != nil {
		return err
	}
	_, err = h.respond(ctx, message.Choices(choices))
	return err
}

func (h *handler) choices(ctx context.Context) ([]message.Choice, error) {
	typed := h.req.Options[h.req.FocusedOption]
	switch h.req.FocusedOption {
	case "job":
		return h.jobChoices(ctx, typed)
	case "preset", "name":
		return h.presetChoices(ctx, typed)
	}
	models := h.catalog.current().Models
	if len(models) == 0 {
		return nil, nil
	}
	switch h.req.FocusedOption {
	case "size":
		return matching(models[0].SizeNames(), typed), nil
	case "sampler":
		return samplerChoices(models[0].SamplerNames(), typed), nil
	}
	return nil, nil
}

// samplerChoices shows samplers as A1111 calls them, and finds them by that name and by ours.
func samplerChoices(names []string, typed string) []message.Choice {
	plain := func(s string) string {
		return strings.NewReplacer("++", "pp", " ", "", "_", "").Replace(strings.ToLower(s))
	}
	var out []message.Choice
	for _, name := range names {
		title := encode.SamplerTitle(name)
		if strings.Contains(plain(title), plain(typed)) || strings.Contains(plain(name), plain(typed)) {
			out = append(out, message.Choice{Name: title, Value: name})
		}
	}
	return out
}

// matching returns the names that contain what was typed; a size may be typed with any cross.
func matching(names []string, typed string) []message.Choice {
	plain := func(s string) string {
		return strings.NewReplacer("×", "x", "*", "x").Replace(strings.ToLower(strings.TrimSpace(s)))
	}
	var out []message.Choice
	for _, name := range names {
		if strings.Contains(plain(name), plain(typed)) {
			out = append(out, message.Choice{Name: name, Value: name})
		}
	}
	return out
}

// jobChoices suggests one's own unfinished jobs, the newest first.
func (h *handler) jobChoices(ctx context.Context, typed string) ([]message.Choice, error) {
	mine, err := h.db.Unfinished(ctx, h.req.Person.ID)
	if err != nil {
		return nil, err
	}
	var out []message.Choice
	for i := len(mine) - 1; i >= 0; i-- {
		name := mine[i].ID
		if v, err := decodeJob(mine[i]); err == nil && v.spec.Prompt != "" {
			name = v.spec.Prompt
		}
		if strings.Contains(strings.ToLower(name), strings.ToLower(typed)) || typed == mine[i].ID {
			out = append(out, message.Choice{Name: cut(name, maxChoiceLength), Value: mine[i].ID})
		}
	}
	return out, nil
}
