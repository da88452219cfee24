package interaction

import (
	"context"
	"slices"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/render/request"
	"darkroom/render/showcase"
)

// showcases knows the images that renderers made of what models can render.
type showcases interface {
	Showcase(model string) (images []showcase.Image, coming bool)
}

// helpExamples is how many examples have a button in /help: one for each image.
const helpExamples = showcase.MaxImages

// help is /help.
type help struct {
	catalog catalog
	plain   bool // it answers with a message of the older form
}

func newHelp(o Options) *help { return &help{o.Catalog, o.Plain} }

// open answers the command, privately.
func (h *help) open(ctx context.Context, r *responder) error {
	return r.replyPrivately(ctx, h.topic(r, message.HelpStart, "", h.plain))
}

// pick shows what was picked in a menu, in the place of what was shown. A message keeps its form.
func (h *help) pick(ctx context.Context, r *responder) error {
	if len(r.req.Picked) != 1 {
		return message.ErrOldButton
	}
	topic, model := r.req.Picked[0], r.click.Arg
	if r.click.Job == message.HelpPickModel {
		topic, model = r.click.Arg, r.req.Picked[0]
	}
	_, err := r.respond(ctx, message.Update(h.topic(r, topic, model, !r.req.Card)))
	return err
}

// topic is a topic for the person who asks. model is the beginning of the hash of the model whose images are shown;
// empty for the usual one.
func (h *help) topic(r *responder, topic, model string, plain bool) message.Message {
	l, may := r.req.Language, r.req.Person.Permissions
	available := h.catalog.Available()
	models := allowedModels(available.Models, r.req.Place.AgeRestricted)
	shown := message.Help{
		Topic: topic, Plain: plain, Moderator: r.req.Place.Guild != "" && may&(manageServer|administrator) != 0,
	}
	for _, c := range models {
		shown.Models = append(shown.Models, message.FormChoice{Name: c.Name, Value: c.Hash, About: c.Description})
	}
	if len(models) > 0 {
		i := max(0, slices.IndexFunc(models, func(c request.Card) bool { return strings.HasPrefix(c.Hash, model) }))
		c := models[i]
		images, coming := exampleImages(h.catalog, c)
		shown.Model = message.HelpModel{
			Name: c.Name, Hash: c.Hash, Description: c.Description, Images: images, Coming: coming,
			Examples: examplesWith(c, images, helpExamples),
		}
		shown.Addons = usable(r, available.Addons, c)
	}
	return shown.Message(l)
}

// usable are the add-ons that may be used with a model here.
func usable(r *responder, all []request.AddonCard, with request.Card) []request.AddonCard {
	return slices.DeleteFunc(slices.Clone(all), func(c request.AddonCard) bool {
		return !c.Fits(with) || c.NSFW && !r.req.Place.AgeRestricted
	})
}

// exampleImages are the images of what a model can render, as files whose description is their prompt, and whether a
// renderer will make some.
func exampleImages(from showcases, c request.Card) (files []message.File, coming bool) {
	images, coming := from.Showcase(c.Hash)
	for i, one := range images {
		files = append(files, message.File{Name: exampleFile(i), Data: one.JPEG, Description: one.Prompt})
	}
	return files, coming
}

func exampleFile(i int) string { return "example-" + string(rune('1'+i)) + ".jpg" }

// examplesWith are the examples that have a button beside images: first those that the images show.
func examplesWith(c request.Card, images []message.File, most int) []message.Example {
	all := firstExamples(c, len(c.ExamplePrompts()))
	shown := func(e message.Example) bool {
		return slices.ContainsFunc(images, func(f message.File) bool { return f.Description == e.Prompt })
	}
	slices.SortStableFunc(all, func(a, b message.Example) int {
		switch was, is := shown(a), shown(b); {
		case was && !is:
			return -1
		case is && !was:
			return 1
		}
		return 0
	})
	return all[:min(len(all), most)]
}

// exampleOf finds the example that a button names: the model and the prompt. Buttons that name no model are about the
// first one.
func exampleOf(id button.ID, number int, models []request.Card) (c request.Card, prompt string, ok bool) {
	i := slices.IndexFunc(models, func(c request.Card) bool { return strings.HasPrefix(c.Hash, id.Arg) })
	if i < 0 {
		return c, "", false
	}
	prompts := models[i].ExamplePrompts()
	if number < 0 || number >= len(prompts) {
		return c, "", false
	}
	return models[i], prompts[number], true
}
