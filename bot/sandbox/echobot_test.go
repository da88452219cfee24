package sandbox_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"

	"github.com/bwmarrin/discordgo"

	"darkroom/bot/sandbox"
)

// Short names for discordgo's longest types.
type (
	dgCommand   = discordgo.ApplicationCommand
	dgOption    = discordgo.ApplicationCommandOption
	dgChoice    = discordgo.ApplicationCommandOptionChoice
	dgResponse  = discordgo.InteractionResponse
	dgData      = discordgo.InteractionResponseData
	dgComponent = discordgo.MessageComponent
	dgRow       = discordgo.ActionsRow
)

// echoBot is a small bot for the page's tests. It draws test pictures and uses everything that the page can show.
type echoBot struct {
	t    *testing.T
	step chan struct{} // if not nil, each step of a job waits for it
}

func (e *echoBot) commands() []*dgCommand {
	one := 1.0
	shapes := []*dgChoice{{Name: "Square", Value: "1:1"}, {Name: "Landscape", Value: "3:2"}}
	option := func(kind discordgo.ApplicationCommandOptionType, name, description string) *dgOption {
		return &dgOption{Type: kind, Name: name, Description: description}
	}
	prompt := option(discordgo.ApplicationCommandOptionString, "prompt", "What to draw")
	prompt.Required = true
	shape := option(discordgo.ApplicationCommandOptionString, "aspect_ratio", "The shape of the picture")
	shape.Choices = shapes
	count := option(discordgo.ApplicationCommandOptionInteger, "count", "How many pictures")
	count.MinValue, count.MaxValue = &one, 4
	sampler := option(discordgo.ApplicationCommandOptionString, "sampler", "How noise is removed")
	sampler.Autocomplete = true
	return []*dgCommand{
		{Name: "imagine", Description: "Create pictures from text", Options: []*dgOption{prompt, shape, count, sampler,
			option(discordgo.ApplicationCommandOptionBoolean, "spoiler", "Cover the pictures until someone clicks them"),
			option(discordgo.ApplicationCommandOptionAttachment, "init_image", "A picture to start from")}},
		{Name: "queue", Description: "Show the queue"}, {Name: "Image info", Type: discordgo.MessageApplicationCommand},
		{Name: "limits", Description: "What members may ask for", Options: []*dgOption{
			option(discordgo.ApplicationCommandOptionSubCommand, "show", "Show this server's limits"),
			option(discordgo.ApplicationCommandOptionSubCommand, "reset", "Return to the defaults")}},
	}
}

func (e *echoBot) handle(d *discordgo.Session, i *discordgo.InteractionCreate) {
	var err error
	switch i.Type {
	case discordgo.InteractionApplicationCommand:
		switch i.ApplicationCommandData().Name {
		case "imagine":
			err = e.imagine(d, i)
		case "card":
			err = e.card(d, i)
		case "Image info":
			err = e.respondPrivately(d, i, "About message "+i.ApplicationCommandData().TargetID)
		default:
			text := "**Nothing** is waiting. `/imagine` something!\n> <b>quiet</b> here, <@" + userID(i) + ">"
			err = e.respondPrivately(d, i, text)
		}
	case discordgo.InteractionApplicationCommandAutocomplete:
		err = d.InteractionRespond(i.Interaction, choicesResponse("Euler a", "DDIM"))
	case discordgo.InteractionMessageComponent:
		err = e.handleClick(d, i)
	case discordgo.InteractionModalSubmit:
		err = d.InteractionRespond(i.Interaction, messageResponse("Remixed: "+submitted(i), 0))
	}
	if err != nil {
		e.t.Errorf("echo bot: %v", err)
	}
}

func userID(i *discordgo.InteractionCreate) string {
	if i.Member != nil {
		return i.Member.User.ID
	}
	return i.User.ID
}

func messageResponse(text string, flags discordgo.MessageFlags) *dgResponse {
	return &dgResponse{Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &dgData{Content: text, Flags: flags, AllowedMentions: noPings}}
}

func choicesResponse(names ...string) *dgResponse {
	var list []*dgChoice
	for _, name := range names {
		list = append(list, &dgChoice{Name: name, Value: name})
	}
	return &dgResponse{Type: discordgo.InteractionApplicationCommandAutocompleteResult, Data: &dgData{Choices: list}}
}

func modalResponse(value string) *dgResponse {
	prompt := discordgo.TextInput{CustomID: "prompt", Label: "Prompt", Style: discordgo.TextInputParagraph,
		Value: value, Required: true, MaxLength: 4000}
	return &dgResponse{Type: discordgo.InteractionResponseModal, Data: &dgData{CustomID: "remix", Title: "Remix",
		Components: []dgComponent{dgRow{Components: []dgComponent{prompt}}}}}
}

// submitted is the text in the only field of a submitted modal.
func submitted(i *discordgo.InteractionCreate) string {
	return i.ModalSubmitData().Components[0].(*dgRow).Components[0].(*discordgo.TextInput).Value
}

var deferredResponse = &dgResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}

func (e *echoBot) respondPrivately(d *discordgo.Session, i *discordgo.InteractionCreate, text string) error {
	return d.InteractionRespond(i.Interaction, messageResponse(text, discordgo.MessageFlagsEphemeral))
}

func (e *echoBot) handleClick(d *discordgo.Session, i *discordgo.InteractionCreate) error {
	switch i.MessageComponentData().CustomID {
	case "remix":
		return d.InteractionRespond(i.Interaction, modalResponse("a red boat on a blue sea"))
	case "info":
		return e.respondPrivately(d, i, "```\na red boat on a blue sea\nSteps: 20, Sampler: DDIM, Seed: 7\n```")
	case "silence":
		return nil // no response: the page must say so
	}
	text := "You pressed `" + i.MessageComponentData().CustomID + "`."
	return d.InteractionRespond(i.Interaction, messageResponse(text, 0))
}

func (e *echoBot) pause() {
	if e.step != nil {
		<-e.step
	}
}

func (e *echoBot) imagine(d *discordgo.Session, i *discordgo.InteractionCreate) error {
	prompt, spoiler := "", false
	if r := i.ApplicationCommandData().Resolved; r != nil {
		for _, a := range r.Attachments {
			prompt = "from " + a.Filename + ": "
		}
	}
	for _, o := range i.ApplicationCommandData().Options {
		switch o.Name {
		case "prompt":
			prompt += o.StringValue()
		case "spoiler":
			spoiler = o.BoolValue()
		}
	}
	if err := d.InteractionRespond(i.Interaction, deferredResponse); err != nil {
		return err
	}
	e.pause()
	waiting := fmt.Sprintf("**%s** — painting, 40 %%", prompt)
	edit := &discordgo.WebhookEdit{Content: &waiting, AllowedMentions: noPings,
		Attachments: &[]*discordgo.MessageAttachment{}, Files: []*discordgo.File{file("preview.png", 0, 40)},
		Components: rows([]dgComponent{button("Cancel", "cancel", discordgo.SecondaryButton)})}
	if _, err := d.InteractionResponseEdit(i.Interaction, edit); err != nil {
		return err
	}
	e.pause()
	return e.finish(d, i, prompt, spoiler)
}

func (e *echoBot) finish(d *discordgo.Session, i *discordgo.InteractionCreate, prompt string, spoiler bool) error {
	var files []*discordgo.File
	var ups, varies []dgComponent
	for n := 1; n <= 4; n++ {
		name := fmt.Sprintf("picture-%d.png", n)
		if spoiler {
			name = "SPOILER_" + name
		}
		files = append(files, file(name, n, 160))
		ups = append(ups, button(fmt.Sprintf("U%d", n), fmt.Sprintf("up%d", n), discordgo.SecondaryButton))
		varies = append(varies, button(fmt.Sprintf("V%d", n), fmt.Sprintf("vary%d", n), discordgo.SecondaryButton))
	}
	later := button("Later", "later", discordgo.SecondaryButton)
	later.Disabled = true
	last := []dgComponent{
		emojiButton("ℹ️", "info", discordgo.SecondaryButton), emojiButton("❌", "delete", discordgo.DangerButton),
		button("Quiet", "silence", discordgo.SuccessButton), later,
	}
	text := fmt.Sprintf("**%s** — <@%s>", prompt, userID(i))
	_, err := d.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{
		Content: &text, Files: files, AllowedMentions: noPings, Attachments: &[]*discordgo.MessageAttachment{},
		Components: rows(append(ups, emojiButton("🔄", "reroll", discordgo.PrimaryButton)),
			append(varies, emojiButton("✏️", "remix", discordgo.PrimaryButton)), last)})
	return err
}

func button(label, customID string, style discordgo.ButtonStyle) discordgo.Button {
	return discordgo.Button{Label: label, CustomID: customID, Style: style}
}

func emojiButton(emoji, customID string, style discordgo.ButtonStyle) discordgo.Button {
	return discordgo.Button{Emoji: &discordgo.ComponentEmoji{Name: emoji}, CustomID: customID, Style: style}
}

func rows(rows ...[]dgComponent) *[]dgComponent {
	var list []dgComponent
	for _, row := range rows {
		list = append(list, dgRow{Components: row})
	}
	return &list
}

// file is a picture of a sunset at sea. The sun is at another place for each n.
func file(name string, n, size int) *discordgo.File {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	sun := float64(size) * (0.2 + 0.18*float64(n))
	for y := range size {
		for x := range size {
			fx, fy := float64(x), float64(y)/float64(size)
			c := color.NRGBA{uint8(230 - 90*fy), uint8(120 + 40*fy), uint8(90 + 120*fy), 255}
			if fy > 0.6 {
				wave := 12 * math.Sin(fx/float64(size)*30+fy*80)
				c = color.NRGBA{uint8(30 + wave), uint8(70 + wave), uint8(130 + wave), 255}
			} else if math.Hypot(fx-sun, float64(y)-float64(size)*0.4) < float64(size)/9 {
				c = color.NRGBA{255, 226, 150, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	png.Encode(&b, img)
	return &discordgo.File{Name: name, ContentType: "image/png", Reader: &b}
}

// examples are the example commands of the page.
var examples = []sandbox.Example{
	{Command: "imagine", Options: map[string]any{"prompt": "a red boat on a blue sea"}},
	{Command: "imagine", Options: map[string]any{"prompt": "a yellow house under the moon"}},
	{Command: "imagine", Options: map[string]any{"prompt": "two green trees in the snow", "count": 4}},
}
