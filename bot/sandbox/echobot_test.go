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

// echoBot is a tiny bot for the page's tests: it paints stripes and knows one
// of everything the page can show.
type echoBot struct {
	t    *testing.T
	step chan struct{} // when not nil, each step of painting waits for it
}

func (e *echoBot) commands() []*discordgo.ApplicationCommand {
	one := 1.0
	return []*discordgo.ApplicationCommand{
		{Name: "imagine", Description: "Paint pictures from words", Options: []*discordgo.ApplicationCommandOption{
			{Type: discordgo.ApplicationCommandOptionString, Name: "prompt", Description: "What to paint", Required: true},
			{Type: discordgo.ApplicationCommandOptionString, Name: "aspect_ratio", Description: "The shape of the picture",
				Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "Square", Value: "1:1"}, {Name: "Landscape", Value: "3:2"}}},
			{Type: discordgo.ApplicationCommandOptionInteger, Name: "count", Description: "How many pictures", MinValue: &one, MaxValue: 4},
			{Type: discordgo.ApplicationCommandOptionString, Name: "sampler", Description: "How noise is taken away", Autocomplete: true},
			{Type: discordgo.ApplicationCommandOptionBoolean, Name: "spoiler", Description: "Hide the pictures until they are clicked"},
			{Type: discordgo.ApplicationCommandOptionAttachment, Name: "init_image", Description: "A picture to begin from"},
		}},
		{Name: "queue", Description: "Show what is waiting"},
		{Name: "limits", Description: "What people may ask for", Options: []*discordgo.ApplicationCommandOption{
			{Type: discordgo.ApplicationCommandOptionSubCommand, Name: "show", Description: "Show this server's limits"},
			{Type: discordgo.ApplicationCommandOptionSubCommand, Name: "reset", Description: "Go back to the defaults"},
		}},
	}
}

func (e *echoBot) handle(d *discordgo.Session, i *discordgo.InteractionCreate) {
	var err error
	switch i.Type {
	case discordgo.InteractionApplicationCommand:
		if i.ApplicationCommandData().Name == "imagine" {
			err = e.imagine(d, i)
		} else {
			err = e.respondPrivately(d, i, "**Nothing** is waiting. `/imagine` something!\n> <b>quiet</b> here, <@"+userID(i)+">")
		}
	case discordgo.InteractionApplicationCommandAutocomplete:
		err = d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionApplicationCommandAutocompleteResult,
			Data: &discordgo.InteractionResponseData{Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "Euler a", Value: "euler_a"}, {Name: "DDIM", Value: "ddim"}}}})
	case discordgo.InteractionMessageComponent:
		err = e.handleClick(d, i)
	case discordgo.InteractionModalSubmit:
		text := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow).Components[0].(*discordgo.TextInput).Value
		err = d.InteractionRespond(i.Interaction, messageResponse("Remixed: "+text, 0))
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

func messageResponse(text string, flags discordgo.MessageFlags) *discordgo.InteractionResponse {
	return &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{Content: text, Flags: flags, AllowedMentions: noPings}}
}

func (e *echoBot) respondPrivately(d *discordgo.Session, i *discordgo.InteractionCreate, text string) error {
	return d.InteractionRespond(i.Interaction, messageResponse(text, discordgo.MessageFlagsEphemeral))
}

func (e *echoBot) handleClick(d *discordgo.Session, i *discordgo.InteractionCreate) error {
	switch i.MessageComponentData().CustomID {
	case "remix":
		return d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal,
			Data: &discordgo.InteractionResponseData{CustomID: "remix", Title: "Remix", Components: []discordgo.MessageComponent{
				discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.TextInput{CustomID: "prompt", Label: "Prompt",
					Style: discordgo.TextInputParagraph, Value: "a red boat on a blue sea", Required: true, MaxLength: 4000}}}}}})
	case "info":
		return e.respondPrivately(d, i, "```\na red boat on a blue sea\nSteps: 20, Sampler: DDIM, Seed: 7\n```")
	case "silence":
		return nil // never answered: the page must say so
	}
	return d.InteractionRespond(i.Interaction, messageResponse("You pressed `"+i.MessageComponentData().CustomID+"`.", 0))
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
	if err := d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}); err != nil {
		return err
	}
	e.pause()
	waiting := fmt.Sprintf("**%s** — painting, 40 %%", prompt)
	if _, err := d.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &waiting, AllowedMentions: noPings,
		Attachments: &[]*discordgo.MessageAttachment{}, Files: []*discordgo.File{file("preview.png", 0, 40)},
		Components: rows(discordgo.Button{Label: "Cancel", Style: discordgo.SecondaryButton, CustomID: "cancel"})}); err != nil {
		return err
	}
	e.pause()
	return e.finish(d, i, prompt, spoiler)
}

func (e *echoBot) finish(d *discordgo.Session, i *discordgo.InteractionCreate, prompt string, spoiler bool) error {
	var files []*discordgo.File
	var ups, varies []discordgo.MessageComponent
	for n := 1; n <= 4; n++ {
		name := fmt.Sprintf("picture-%d.png", n)
		if spoiler {
			name = "SPOILER_" + name
		}
		files = append(files, file(name, n, 160))
		ups = append(ups, discordgo.Button{Label: fmt.Sprintf("U%d", n), Style: discordgo.SecondaryButton, CustomID: fmt.Sprintf("up%d", n)})
		varies = append(varies, discordgo.Button{Label: fmt.Sprintf("V%d", n), Style: discordgo.SecondaryButton, CustomID: fmt.Sprintf("vary%d", n)})
	}
	ups = append(ups, discordgo.Button{Emoji: &discordgo.ComponentEmoji{Name: "🔄"}, Style: discordgo.PrimaryButton, CustomID: "reroll"})
	varies = append(varies, discordgo.Button{Emoji: &discordgo.ComponentEmoji{Name: "✏️"}, Style: discordgo.PrimaryButton, CustomID: "remix"})
	last := []discordgo.MessageComponent{
		discordgo.Button{Emoji: &discordgo.ComponentEmoji{Name: "ℹ️"}, Style: discordgo.SecondaryButton, CustomID: "info"},
		discordgo.Button{Emoji: &discordgo.ComponentEmoji{Name: "❌"}, Style: discordgo.DangerButton, CustomID: "delete"},
		discordgo.Button{Label: "Quiet", Style: discordgo.SuccessButton, CustomID: "silence"},
		discordgo.Button{Label: "Later", Style: discordgo.SecondaryButton, CustomID: "later", Disabled: true},
	}
	text := fmt.Sprintf("**%s** — <@%s>", prompt, userID(i))
	_, err := d.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &text, Files: files, AllowedMentions: noPings,
		Attachments: &[]*discordgo.MessageAttachment{}, Components: &[]discordgo.MessageComponent{
			discordgo.ActionsRow{Components: ups}, discordgo.ActionsRow{Components: varies}, discordgo.ActionsRow{Components: last}}})
	return err
}

func rows(parts ...discordgo.MessageComponent) *[]discordgo.MessageComponent {
	return &[]discordgo.MessageComponent{discordgo.ActionsRow{Components: parts}}
}

// file is a small sea at evening; n moves the sun.
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

// examples are what the page of these tests greets with.
var examples = []sandbox.Example{
	{Command: "imagine", Options: map[string]any{"prompt": "a red boat on a blue sea"}},
	{Command: "imagine", Options: map[string]any{"prompt": "a yellow house under the moon"}},
	{Command: "imagine", Options: map[string]any{"prompt": "two green trees in the snow", "count": 4}},
}
