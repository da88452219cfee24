package sandbox_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
)

// connect logs an unmodified discordgo in. on hears interactions.
func connect(t *testing.T, s *sandbox.Sandbox, on func(*discordgo.Session, *discordgo.InteractionCreate)) *discordgo.Session {
	t.Helper()
	d, err := discordgo.New("Bot " + s.Token())
	if err != nil {
		t.Fatal(err)
	}
	d.Client = &http.Client{Transport: sandboxtest.Transport(s), Timeout: 20 * time.Second}
	d.UserAgent = "DiscordBot (https://example.org, 1)"
	if on != nil {
		d.AddHandler(on)
	}
	if err := d.Open(); err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// square is a PNG of one colour.
func square(size int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		img.Set(i%size, i/size, color.NRGBA{uint8(i), 40, 90, 255})
	}
	var b bytes.Buffer
	png.Encode(&b, img)
	return b.Bytes()
}

var noPings = &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}

func imagine() *discordgo.ApplicationCommand {
	return &discordgo.ApplicationCommand{Name: "imagine", Description: "paint", Options: []*discordgo.ApplicationCommandOption{
		{Type: discordgo.ApplicationCommandOptionString, Name: "prompt", Description: "what", Required: true},
		{Type: discordgo.ApplicationCommandOptionInteger, Name: "count", Description: "how many", MaxValue: 4},
		{Type: discordgo.ApplicationCommandOptionString, Name: "style", Description: "how", Autocomplete: true},
		{Type: discordgo.ApplicationCommandOptionAttachment, Name: "init_image", Description: "from what"},
	}}
}

func register(t *testing.T, s *sandbox.Sandbox, d *discordgo.Session) {
	t.Helper()
	list, err := d.ApplicationCommandBulkOverwrite(s.AppID(), "", []*discordgo.ApplicationCommand{imagine()})
	if err != nil || len(list) != 1 || list[0].ID == "" {
		t.Fatalf("register: got %v, %v; want one command with an id", list, err)
	}
}

func TestDiscordgo(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{Now: frozenClock()})
	home := s.Defaults()
	var sess *discordgo.Session
	fail := func(err error) {
		if err != nil {
			t.Errorf("bot: %v", err)
		}
	}
	sess = connect(t, s, func(d *discordgo.Session, i *discordgo.InteractionCreate) {
		switch i.Type {
		case discordgo.InteractionApplicationCommand:
			fail(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}))
			prompt := "a " + i.ApplicationCommandData().Options[0].StringValue()
			edit := &discordgo.WebhookEdit{Content: &prompt, AllowedMentions: noPings, Attachments: &[]*discordgo.MessageAttachment{},
				Files: []*discordgo.File{{Name: "one.png", ContentType: "image/png", Reader: bytes.NewReader(square(8))},
					{Name: "two.png", ContentType: "image/png", Reader: bytes.NewReader(square(9))}},
				Components: &[]discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
					discordgo.Button{Label: "Again", CustomID: "again", Style: discordgo.PrimaryButton},
					discordgo.Button{Label: "Form", CustomID: "form", Style: discordgo.SecondaryButton}}}}}
			_, err := d.InteractionResponseEdit(i.Interaction, edit)
			fail(err)
		case discordgo.InteractionMessageComponent:
			if i.MessageComponentData().CustomID == "form" {
				fail(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseModal,
					Data: &discordgo.InteractionResponseData{CustomID: "remix", Title: "Remix", Components: []discordgo.MessageComponent{
						discordgo.ActionsRow{Components: []discordgo.MessageComponent{
							discordgo.TextInput{CustomID: "prompt", Label: "Prompt", Style: discordgo.TextInputParagraph, Value: "old"}}}}}}))
				return
			}
			fail(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource,
				Data: &discordgo.InteractionResponseData{Content: "again " + i.Message.ID, Flags: discordgo.MessageFlagsEphemeral, AllowedMentions: noPings}}))
		case discordgo.InteractionModalSubmit:
			text := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow).Components[0].(*discordgo.TextInput).Value
			fail(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseChannelMessageWithSource,
				Data: &discordgo.InteractionResponseData{Content: "remix " + text, AllowedMentions: noPings}}))
		case discordgo.InteractionApplicationCommandAutocomplete:
			fail(d.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionApplicationCommandAutocompleteResult,
				Data: &discordgo.InteractionResponseData{Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: "ink", Value: "ink"}}}}))
		}
	})
	s.Rules().Allow("null-list") // discordgo writes null for lists it has not got
	register(t, s, sess)
	ctx := testContext(t)

	i, err := s.Command(home.Member.ID, home.Channel.ID, "imagine", sandbox.With("prompt", "red boat"), sandbox.WithFile("init_image", "in.png", square(4)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.WaitReply(ctx, i.ID, nil)
	if err != nil || m.Content != "a red boat" || len(m.Attachments) != 2 || m.Attachments[1].Width != 9 {
		t.Fatalf("got %+v, %v; want content \"a red boat\" and two files", m, err)
	}
	t.Run("a link of the CDN works", func(t *testing.T) {
		resp, err := http.Get(m.Attachments[0].URL)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, _ := io.ReadAll(resp.Body)
		if !bytes.Equal(data, square(8)) || resp.Header.Get("Content-Type") != "image/png" {
			t.Errorf("got %d bytes of %q, want the PNG that was sent", len(data), resp.Header.Get("Content-Type"))
		}
	})
	t.Run("a button is answered only to who pressed it", func(t *testing.T) {
		c, err := s.Click(home.Moderator.ID, m.ID, "again")
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.WaitReply(ctx, c.ID, nil)
		if err != nil || a.Content != "again "+m.ID || !a.Ephemeral() {
			t.Fatalf("got %+v, %v", a, err)
		}
		for _, x := range s.VisibleMessages(home.Member.ID, home.Channel.ID) {
			if x.ID == a.ID {
				t.Error("somebody else sees an ephemeral message")
			}
		}
	})
	t.Run("a form comes back filled in", func(t *testing.T) {
		c, err := s.Click(home.Member.ID, m.ID, "form")
		if err != nil {
			t.Fatal(err)
		}
		c, err = s.WaitAnswer(ctx, c.ID)
		if err != nil || c.Form == nil || c.Form.Title != "Remix" {
			t.Fatalf("got %+v, %v; want a form", c, err)
		}
		f, err := s.Submit(home.Member.ID, c.ID, map[string]string{"prompt": "new"})
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.WaitReply(ctx, f.ID, nil)
		if err != nil || a.Content != "remix new" {
			t.Errorf("got %q, %v; want \"remix new\"", a.Content, err)
		}
	})
	t.Run("autocomplete brings choices", func(t *testing.T) {
		list, err := s.Autocomplete(ctx, home.Member.ID, home.Channel.ID, "imagine", "style", sandbox.With("style", "i"))
		if err != nil || len(list) != 1 || list[0].Name != "ink" {
			t.Errorf("got %v, %v; want ink", list, err)
		}
	})
	t.Run("a wrong token is refused with 4004", func(t *testing.T) {
		d, _ := discordgo.New("Bot wrong")
		d.Client = &http.Client{Transport: sandboxtest.Transport(s)}
		if err := d.Open(); err == nil || !strings.Contains(err.Error(), "4004") {
			t.Errorf("got %v, want close code 4004", err)
		}
		d.Close()
	})
}

// An unmodified discordgo lives through what the gateway does to it.
func TestDiscordgoReconnects(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(*sandbox.Sandbox){
		"after op 7":                  func(s *sandbox.Sandbox) { s.Gateway.Reconnect() },
		"after op 9 with a new login": func(s *sandbox.Sandbox) { s.Gateway.Invalidate(false) },
		"after a broken connection":   func(s *sandbox.Sandbox) { s.Gateway.Drop() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sandboxtest.Start(t, sandbox.Options{Now: frozenClock()})
			s.Rules().Allow("null-list")
			back := make(chan string, 4)
			d := connect(t, s, func(d *discordgo.Session, i *discordgo.InteractionCreate) {
				if err := d.InteractionRespond(i.Interaction, messageResponse(fmt.Sprint(i.ID), 0)); err != nil {
					t.Errorf("respond: %v", err)
				}
			})
			d.AddHandler(func(_ *discordgo.Session, _ *discordgo.Resumed) { back <- "resumed" })
			d.AddHandler(func(_ *discordgo.Session, _ *discordgo.Ready) { back <- "ready" })
			register(t, s, d)
			fault(s)
			ctx := testContext(t)
			select {
			case <-back:
			case <-ctx.Done():
				t.Fatal("the bot did not come back")
			}
			i, err := s.Command(s.Defaults().Member.ID, s.Defaults().Channel.ID, "imagine", sandbox.With("prompt", "x"))
			if err != nil {
				t.Fatal(err)
			}
			if m, err := s.WaitReply(ctx, i.ID, nil); err != nil || m.Content != i.ID {
				t.Errorf("got %q, %v; want %q", m.Content, err, i.ID)
			}
		})
	}
}
