package message

import (
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/render/request"
)

// The topics of /help.
const (
	HelpStart      = "start"
	HelpPrompts    = "prompts"
	HelpButtons    = "buttons"
	HelpImages     = "images"
	HelpModels     = "models"
	HelpData       = "data"
	HelpModerators = "moderators"
)

// The menus of /help, as its custom_ids name them.
const (
	HelpPickTopic = "topic"
	HelpPickModel = "model"
)

// colorHelp is the colour of /help, which is that of no job.
const colorHelp Color = 0x5865F2

// Help is what /help shows.
type Help struct {
	Topic     string // one of the above; of an unknown one the first
	Moderator bool   // it is for somebody who may change the limits of the server
	Plain     bool   // it has the older form, and is no card
	Model     HelpModel
	Models    []FormChoice        // those that can be chosen, by their hashes; shown if there are several
	Addons    []request.AddonCard // that can be used with the model
}

// HelpModel is the model whose images /help shows. Its zero value is none.
type HelpModel struct {
	Name, Hash  string
	Description string
	Examples    []Example
	Images      []File // made by it
	Coming      bool   // a renderer makes images when it has nothing else to do
}

// helpTopic is a page of /help.
type helpTopic struct {
	id, name string
	title    string
	lines    []string
}

// Message is the card of a topic: its text, images and examples where they belong, and a menu of all topics.
func (h Help) Message(l language.Language) Message {
	topics := helpTopics(l, h.Moderator)
	now := topics[0]
	menu := Menu{ID: helpID(HelpPickTopic, h.Model.Hash), Placeholder: l.Text("More help: prompts, buttons, limits …")}
	for _, t := range topics {
		if t.id == h.Topic {
			now = t
		}
	}
	for _, t := range topics {
		menu.Choices = append(menu.Choices, FormChoice{Name: t.name, Value: t.id})
	}
	m := Message{Menus: []Menu{menu}}
	lines := append([]string{"## " + now.title}, now.lines...)
	if now.id == HelpStart || now.id == HelpModels {
		lines = append(lines, h.modelLines(l, now.id)...)
		m.Files, m.Rows = h.Model.Images, exampleRows(h.Model.Examples)
		if len(h.Models) > 1 {
			m.Menus = append([]Menu{h.modelMenu(l, now.id)}, m.Menus...)
		}
	}
	m.Content = strings.Join(lines, "\n")
	if !h.Plain {
		m.Card = &Card{Color: colorHelp}
	}
	return m
}

// helpID is the custom_id of a menu of /help. The message says which topic and which model it shows.
func helpID(menu, arg string) string {
	return button.ID{Verb: button.Help, Job: menu, Arg: arg[:min(len(arg), modelHashShown)]}.String()
}

// modelMenu chooses the model whose images are shown.
func (h Help) modelMenu(l language.Language, topic string) Menu {
	menu := Menu{ID: helpID(HelpPickModel, topic), Placeholder: l.Text("Another model")}
	for _, c := range h.Models {
		c.Chosen = c.Value == h.Model.Hash
		menu.Choices = append(menu.Choices, c)
	}
	return menu
}

// modelLines say what the model is, and what its images are.
func (h Help) modelLines(l language.Language, topic string) (lines []string) {
	if h.Model.Name == "" {
		return []string{"", l.Text("No model is known yet: no renderer has been online.")}
	}
	name := "**" + Escape(h.Model.Name) + "**"
	if h.Model.Description != "" {
		name += ": " + Escape(h.Model.Description)
	}
	lines = append(lines, "", name)
	if topic == HelpModels {
		lines = append(lines, addonNames(l, h.Addons)...)
	}
	switch {
	case len(h.Model.Images) > 0 && len(h.Model.Examples) > 0:
		lines = append(lines, l.Text("It made these images. A button makes a new one of its words."))
	case len(h.Model.Images) > 0:
		lines = append(lines, l.Text("It made these images."))
	case h.Model.Coming:
		lines = append(lines, l.Text(
			"Images that it made appear here once it was used and a renderer has had nothing else to do.",
		))
	}
	return lines
}

// helpTopics are the topics in their order. Those for moderators are the last.
func helpTopics(l language.Language, moderator bool) []helpTopic {
	all := []helpTopic{
		{HelpStart, l.Text("Start"), l.Text("Make an image"), []string{
			l.Text("Type `/imagine`, say what you want to see, and send it. For example:"),
			"`/imagine prompt: " + l.Text("a red boat on a blue sea") + "`",
			l.Text("The answer says when it will be done, and becomes a message with up to four images. Buttons below " +
				"them make more of what you like."),
			l.Text("Each image is new. To repeat one, use its seed, which ⋯ and *Info* show."),
		}},
		{HelpPrompts, l.Text("Prompts, weights and flags"), l.Text("Write prompts"), helpPrompts(l)},
		{HelpButtons, l.Text("Buttons"), l.Text("What the buttons do"), helpButtons(l)},
		{HelpImages, l.Text("Start images and masks"), l.Text("Start from an image, or change a part"), helpImages(l)},
		{HelpModels, l.Text("Models and LoRAs"), l.Text("Choose a model, add a LoRA"), []string{
			l.Text("• The option `model` of `/imagine` suggests models while you type. Without it the usual one is taken."),
			l.Text("• The options `lora`, `lora2` and `lora3` suggest what fits the model: `ink:0.6` is the LoRA ink with " +
				"strength 0.6. In a prompt it is `<lora:ink:0.6>`."),
			l.Text("• `embedding:NAME` in a prompt uses an embedding, and the option `vae` another VAE."),
		}},
		{HelpData, l.Text("Limits, preferences and your data"), l.Text("Limits, preferences and your data"), []string{
			l.Text("• `/info` says what is left to you today, and which rule says so."),
			l.Text("• `/queue` shows what waits, `/cancel` cancels a request of yours."),
			l.Text("• `/preset save` keeps settings that you use often, for the option `style` of `/imagine`."),
			l.Text("• `/prefer` keeps what you always want: `/prefer set` has defaults, `/prefer suffix` puts words and flags " +
				"behind each prompt, `/prefer language` chooses mine, and `/prefer show` says what counts here."),
			l.Text("• `/show` shows earlier images again, and `/inbox` those that could not be posted."),
			l.Text("• `/mydata export` sends you all that is stored about you, `/mydata erase` erases it. Messages with " +
				"images stay until you delete them: ⋯ and *Delete*."),
		}},
	}
	if moderator {
		all = append(all, helpTopic{HelpModerators, l.Text("For moderators"), l.Text("For moderators"), []string{
			l.Text("• `/limits show` lists the rules of this server, and who used most."),
			l.Text("• `/limits set` changes them: images that wait and run, images in 24 hours, size, steps, and images in " +
				"one message. `paused: True` stops the server; what waits keeps its place."),
			l.Text("• `/limits role` gives a role more or less render time than others, `/limits reset` removes all limits."),
			l.Text("• `/settings set` gives this server defaults, `/settings language` chooses the language of what everybody " +
				"reads, and `/preset save` with `for` saves a preset for all."),
			l.Text("• People who may *Manage Messages* can also cancel and delete what others asked for."),
		}})
	}
	return all
}

func helpPrompts(l language.Language) []string {
	return []string{
		l.Text("• `(boat:1.3)` counts more and `(fog:0.7)` less; `((boat))` and `[fog]` are short for a little."),
		l.Text("• `{red|blue} boat` picks a colour for each image. `{red, blue} boat` makes both, each in a message."),
		l.Text("• `hot::2 dog` weighs parts as Midjourney does, and `a cat AND a dog` shows both."),
		l.Text("• Flags end the prompt: `--ar 3:2` is the shape, `--no fog` keeps something out, `--seed 7` repeats an " +
			"image, `--draft` is quick, `--tile` makes a pattern, `--repeat 3` asks three times."),
		l.Text("• `--steps 20`, `--cfg 5`, `--sampler`, `--count 2`, `--strength 0.6` and `--spoiler` are flags too, and " +
			"most are options of `/imagine`. An option goes before a flag."),
		l.Text("• A flag that is not known here is named in the answer, with what comes nearest."),
	}
}

func helpButtons(l language.Language) []string {
	return []string{
		l.Text("Below several images:"),
		l.Text("• **U1** to **U4** show one image alone, and **V1** to **V4** make variations of one."),
		l.Text("• 🔄 asks for the same again with another seed."),
		l.Text("• ✏️ changes the prompt, the start image or the model."),
		l.Text("• ⋯ has all settings of an image, and deletes the message."),
		l.Text("Below one image:"),
		l.Text("• *Upscale* makes it larger: *subtle* keeps it, *creative* adds detail."),
		l.Text("• *Vary* changes it a little, a lot, or in a region that you mark."),
		l.Text("• *Zoom out*, ⬅️ ➡️ ⬆️ ⬇️ and *Make square* paint more around it."),
		l.Text("Buttons of old messages work, too. The menu of a message (right click or a long press, then *Apps*) has " +
			"*Image info*, *Remix* and *Upscale*."),
	}
}

func helpImages(l language.Language) []string {
	return []string{
		l.Text("• The option `init_image` of `/imagine` begins with your image. `--strength 0.3` changes little of it, " +
			"`--strength 0.9` nearly all. A link to an image on Discord at the start of the prompt does the same."),
		l.Text("• ✏️ below an image takes another start image, strength and model."),
		l.Text("• *Vary (region)* below a single image paints a part of it anew. Choose the part out of nine, or " +
			"send a mask: white on black, any colour on transparent, or the image with holes. You see the part before " +
			"anything is painted."),
		l.Text("• *Zoom out*, the arrows and *Make square* paint more around an image."),
	}
}
