package showcase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/request"
)

const (
	// maxSteps is how many steps an image has at most: it is small, and nobody waits for it.
	maxSteps = 12
	// maxTries is how often an image is begun whose rendering ended the process.
	maxTries = 2
	// maxSpent is how much time a model's images may take together; an image that was begun is finished. A model that
	// is slow on this computer has fewer images.
	maxSpent = 10 * time.Minute
	// firstSeed is the seed of the first image; each has the next one.
	firstSeed = 1
)

// Pipeline is a loaded model; *pipeline.Pipeline is one.
type Pipeline interface {
	Render(ctx context.Context, spec picture.Spec, job render.Job) (*render.Result, error)
}

// Model is a model that is loaded.
type Model struct {
	Card request.Card
	Load func() Pipeline // nil when it is not loaded any more
}

// Maker makes images.
type Maker struct {
	Shelf *Shelf
	Name  string           // of this renderer, among those that use the same folder
	Now   func() time.Time // time.Now
	Log   *slog.Logger
}

// Next makes one image of the first of the models that has too few, and tells whether it made one. When ctx ends, it
// stops within a step and that image is made another time.
func (m Maker) Next(ctx context.Context, models []Model) (made bool) {
	for _, model := range models {
		prompts := promptsOf(model.Card)
		r := m.Shelf.record(model.Card.Hash, prompts)
		if ctx.Err() != nil || r.done() || m.elsewhere(r) {
			continue
		}
		pipeline := model.Load()
		if pipeline == nil {
			continue
		}
		if r.Tries >= maxTries || r.Spent >= maxSpent {
			r.Next = len(r.Prompts)
			m.store(model.Card, r)
			continue
		}
		m.make(ctx, pipeline, model.Card, r)
		return ctx.Err() == nil
	}
	return false
}

// promptsOf are the prompts of a model's images: the first of its examples that say what they show. A refiner, which
// only finishes images, has none.
func promptsOf(c request.Card) (plain []string) {
	if c.FinishesImages {
		return nil
	}
	for _, p := range c.ExamplePrompts() {
		if !strings.ContainsAny(p, "{}<>") && !strings.Contains(p, "__") && len(plain) < MaxImages {
			plain = append(plain, p)
		}
	}
	return plain
}

// elsewhere tells whether another process is making the next image. One that died is not waited for.
func (m Maker) elsewhere(r record) bool {
	return r.Tries > 0 && r.By != m.Name && m.Now().Sub(r.At) < maxSpent
}

// make makes the next image of a model. Before, it writes down that it tries to.
func (m Maker) make(ctx context.Context, pipeline Pipeline, card request.Card, r record) {
	began := m.Now()
	r.Tries, r.By, r.At = r.Tries+1, m.Name, began
	m.store(card, r)
	img, err := m.render(ctx, pipeline, card, r.Prompts[r.Next], firstSeed+int64(r.Next))
	r.Tries, r.By, r.At, r.Spent = r.Tries-1, "", time.Time{}, r.Spent+m.Now().Sub(began)
	switch {
	case err == nil:
		r.Images, r.Next, r.Tries = append(slices.Clip(r.Images), img), r.Next+1, 0
	case ctx.Err() == nil: // another try would fail as well
		m.Log.Info("an example image was not made", "model", card.Name, "error", err)
		r.Next, r.Tries = r.Next+1, 0
	}
	m.store(card, r)
}

// store keeps a record. One that cannot be written is kept in memory: the images are made again after a restart.
func (m Maker) store(card request.Card, r record) {
	if err := m.Shelf.put(card.Hash, r); err != nil {
		m.Log.Debug("example images are not kept", "model", card.Name, "error", err)
	}
}

// render renders one prompt as a person's request of it would be resolved, in few steps.
func (m Maker) render(
	ctx context.Context, pipeline Pipeline, card request.Card, prompt string, seed int64,
) (Image, error) {
	ctx, cancel := context.WithTimeout(ctx, maxSpent)
	defer cancel()
	steps := min(card.WithDefaults().Defaults.Steps, maxSteps)
	wanted := request.Wanted{Prompt: prompt, Count: new(1), Steps: &steps}
	resolved, refusal := request.Resolve(wanted, request.Available{Models: []request.Card{card}}, seed)
	if refusal != nil {
		return Image{}, errors.New(refusal.Sentence.String())
	}
	result, err := pipeline.Render(ctx, resolved.Spec, render.Job{Progress: func(render.Progress) {}})
	if err != nil {
		return Image{}, err
	}
	if len(result.Tiles) == 0 {
		return Image{}, fmt.Errorf("no image")
	}
	return shrink(prompt, result.Tiles[0].Image)
}
