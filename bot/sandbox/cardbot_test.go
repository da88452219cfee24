package sandbox_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/bot/sandbox/wire"
)

// cardGreen is the colour of the echo bot's cards.
const cardGreen = 0x57F287

// startCardBot starts a sandbox with the echo bot, which has /card too.
func startCardBot(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s := startEchoBot(t, nil)
	d := connect(t, s, nil)
	one := 1.0
	_, err := d.ApplicationCommandCreate(s.AppID(), "", &dgCommand{
		Name: "card", Description: "Create pictures on a card", Options: []*dgOption{
			{Type: discordgo.ApplicationCommandOptionInteger, Name: "count", Description: "How many pictures", MinValue: &one,
				MaxValue: 4},
			{Type: discordgo.ApplicationCommandOptionBoolean, Name: "spoiler", Description: "Cover the pictures"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// card answers /card with a V2 message: a container with text, a gallery, rows, a separator and a small line.
func (e *echoBot) card(d *discordgo.Session, i *discordgo.InteractionCreate) error {
	count, spoiler := 4, false
	for _, o := range i.ApplicationCommandData().Options {
		switch o.Name {
		case "count":
			count = int(o.IntValue())
		case "spoiler":
			spoiler = o.BoolValue()
		}
	}
	color, text := cardGreen, "**a lighthouse at dusk \\-\\-ar 1\\:1** — <@"+userID(i)+">"
	items, files := []discordgo.MediaGalleryItem{}, []*discordgo.File{}
	var ups dgRow
	for n := 1; n <= count; n++ {
		name, about := fmt.Sprintf("picture-%d.png", n), fmt.Sprintf("Image %d: a lighthouse at dusk", n)
		media := discordgo.UnfurledMediaItem{URL: "attachment://" + name}
		items = append(items, discordgo.MediaGalleryItem{Media: media, Description: &about, Spoiler: spoiler})
		files = append(files, file(name, n, 160))
		up := button(fmt.Sprintf("U%d", n), fmt.Sprintf("up%d", n), discordgo.SecondaryButton)
		ups.Components = append(ups.Components, up)
	}
	ups.Components = append(ups.Components, emojiButton("🔄", "reroll", discordgo.PrimaryButton))
	inside := []dgComponent{
		discordgo.TextDisplay{Content: text}, discordgo.MediaGallery{Items: items}, ups, discordgo.Separator{},
		discordgo.TextDisplay{Content: "-# postcards · seed 7 · 160×160 · 20 steps · 3.1 s · AI-generated"},
	}
	return d.InteractionRespond(i.Interaction, &dgResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &dgData{Flags: discordgo.MessageFlagsIsComponentsV2, AllowedMentions: noPings, Files: files,
			Components: []dgComponent{discordgo.Container{AccentColor: &color, Components: inside}}},
	})
}

func TestDiscordgoSendsCards(t *testing.T) {
	t.Parallel()
	s := startCardBot(t)
	clicked := make(chan *discordgo.InteractionCreate, 1)
	connect(t, s, func(_ *discordgo.Session, i *discordgo.InteractionCreate) {
		if i.Type == discordgo.InteractionMessageComponent {
			clicked <- i
		}
	})
	ctx, me := testContext(t), s.Defaults().Member.ID
	i, err := s.Command(me, s.Defaults().Channel.ID, "card", sandbox.With("count", 2))
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.WaitReply(ctx, i.ID, nil)
	if err != nil || m.Accent() != cardGreen || len(m.Files) != 2 || len(m.Attachments) != 0 || m.Content != "" ||
		!strings.HasPrefix(m.Text(), "**a lighthouse") || !strings.HasSuffix(m.Text(), "AI-generated") {
		t.Fatalf("got %+v, %v; want a green card with two pictures", m, err)
	}
	r, err := http.Get(m.Components[0].Components[1].Items[1].Media.URL)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("the link of a picture on a card: got %v, %v; want 200", r, err)
	}
	r.Body.Close()
	if _, err := s.Click(me, m.ID, "up1"); err != nil {
		t.Fatal(err)
	}
	got := (<-clicked).Message
	box, ok := got.Components[0].(*discordgo.Container)
	if !ok || len(box.Components) != 5 || got.Flags&discordgo.MessageFlagsIsComponentsV2 == 0 {
		t.Errorf("got %+v, want the container as discordgo reads it", got.Components)
	}
}

func TestDiscordgoEditsCards(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{Now: frozenClock()})
	for _, rule := range []string{"null-list", "unknown-field"} { // discordgo sends "ID" and "Channel" with an edit
		s.Rules().Allow(rule)
	}
	d := connect(t, s, nil)
	channel := s.Defaults().Channel.ID
	picture := func(name string) dgComponent {
		return discordgo.MediaGallery{Items: []discordgo.MediaGalleryItem{
			{Media: discordgo.UnfurledMediaItem{URL: "attachment://" + name}}}}
	}
	sent, err := d.ChannelMessageSendComplex(channel, &discordgo.MessageSend{
		Flags: discordgo.MessageFlagsIsComponentsV2, AllowedMentions: noPings, Components: []dgComponent{picture("a.png")},
		Files: []*discordgo.File{{Name: "a.png", ContentType: "image/png", Reader: bytes.NewReader(square(8))}},
	})
	if err != nil {
		t.Fatal(err)
	}
	words := []dgComponent{discordgo.TextDisplay{Content: "gone"}}
	edit := &discordgo.MessageEdit{ID: sent.ID, Channel: channel, Components: &words, AllowedMentions: noPings,
		Flags: discordgo.MessageFlagsIsComponentsV2, Attachments: &[]*discordgo.MessageAttachment{}}
	if _, err := d.ChannelMessageEditComplex(edit); err != nil {
		t.Fatal(err)
	}
	got, ok := s.VisibleMessage(s.Defaults().Member.ID, sent.ID)
	if !ok || got.Text() != "gone" || len(got.Files) != 0 || got.Flags&wire.FlagComponentsV2 == 0 {
		t.Errorf("got %+v, want the card without its picture", got)
	}
}
