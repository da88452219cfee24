package interaction

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// openRemix opens a form with the prompt of an image filled in.
func (m *imaginer) openRemix(ctx context.Context, r *responder) error {
	j, err := m.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	id := button.ID{Verb: button.Remix, Job: j.ID, Tile: r.click.Tile}
	_, err = r.respond(ctx, message.OpenForm(m.remixForm(ctx, r, j).Form(r.req.Language, id, picture.MaxPromptRunes)))
	return err
}

// remixForm is the form of a remix. Where no model is known it has the prompts alone.
func (m *imaginer) remixForm(ctx context.Context, r *responder, j job.Job) message.RemixForm {
	base := remixed(r, j.Spec)
	f := message.RemixForm{Prompt: base.Prompt, Negative: base.Negative, Model: base.Model.Name}
	if base.Init != nil {
		f.Strength = base.Init.Strength
	}
	models := allowedModels(m.catalog.Available().Models, r.req.Place.AgeRestricted)
	f.StartsFromImage = slices.ContainsFunc(models, func(c request.Card) bool { return c.ImageToImage })
	if len(models) == 0 {
		return f
	}
	card, known := request.Available{Models: models}.Find(base.Model)
	f.UsualStrength = card.Defaults.Strength
	others := slices.DeleteFunc(models, func(c request.Card) bool { return known && c.Hash == card.Hash })
	ctx, cancel := r.beforeAnswer(ctx)
	defer cancel()
	for _, c := range modelChoices(others, recentHashes(ctx, m.db, r.req.Person.ID), "") {
		name, about, _ := strings.Cut(c.Name, " · ")
		f.Models = append(f.Models, message.FormChoice{Name: name, Value: c.Value, About: about})
	}
	return f
}

// remixed is the Spec whose prompts a remix begins with: under one of several images it has that image's.
func remixed(r *responder, spec picture.Spec) picture.Spec {
	if n := r.click.Tile; n > 0 && n <= len(spec.Tiles) {
		spec.Prompt, spec.Negative, spec.Tiles = spec.Tiles[n-1].Prompt, spec.Tiles[n-1].Negative, nil
	}
	return spec
}

// remix renders what the form holds with the other settings of the earlier image.
func (m *imaginer) remix(ctx context.Context, r *responder) error {
	j, err := m.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	return m.submitPermutations(ctx, r, m.remixRequest(r, remixed(r, j.Spec), j))
}

// chosenModel is the model that was chosen in a form; nil to keep it. Forms that were opened before there was a choice
// have none.
func chosenModel(fields map[string]string) *string {
	if name := fields[message.FieldModel]; name != "" && name != message.KeepChoice {
		return &name
	}
	return nil
}

// chosenStrength is the strength that was chosen in a form; nil to keep it.
func chosenStrength(fields map[string]string) *float64 {
	strength, err := strconv.ParseFloat(fields[message.FieldStrength], 64)
	if err != nil || !(strength > 0 && strength <= 1) {
		return nil // only a changed client sends any other than those of the form
	}
	return &strength
}
