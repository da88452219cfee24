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

type interactionHandler func(*discordgo.Session, *discordgo.InteractionCreate)

// connect connects an unmodified discordgo. on handles its interactions and may be nil.
func connect(t *testing.T, s *sandbox.Sandbox, on interactionHandler) *discordgo.Session {
	t.Helper()
	d, err := discordgo.New("Bot " + s.Token())
	if err != nil {
		t.Fatal(err)
	}
	d.Client = &http.Client{Transport: sandboxtest.Transport(s), Timeout: 20 * time.Second}
	d.UserAgent = "DiscordBot (https://example.org, 1)"
	if on != nil {
		d.AddHandler((func(*discordgo.Session, *discordgo.InteractionCreate))(on))
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

func imagine() *dgCommand {
	return &dgCommand{Name: "imagine", Description: "create", Options: []*dgOption{
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

// respond is a handler that responds to an interaction of each type.
func respond(d *discordgo.Session, i *discordgo.InteractionCreate) error {
	switch i.Type {
	case discordgo.InteractionApplicationCommand:
		if err := d.InteractionRespond(i.Interaction, deferredResponse); err != nil {
			return err
		}
		prompt := "a " + i.ApplicationCommandData().Options[0].StringValue()
		_, err := d.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{
			Content: &prompt, AllowedMentions: noPings, Attachments: &[]*discordgo.MessageAttachment{},
			Files: []*discordgo.File{{Name: "one.png", ContentType: "image/png", Reader: bytes.NewReader(square(8))},
				{Name: "two.png", ContentType: "image/png", Reader: bytes.NewReader(square(9))}},
			Components: rows([]dgComponent{button("Again", "again", discordgo.PrimaryButton),
				button("Form", "form", discordgo.SecondaryButton)})})
		return err
	case discordgo.InteractionMessageComponent:
		if i.MessageComponentData().CustomID == "form" {
			return d.InteractionRespond(i.Interaction, modalResponse("old"))
		}
		again := messageResponse("again "+i.Message.ID, discordgo.MessageFlagsEphemeral)
		return d.InteractionRespond(i.Interaction, again)
	case discordgo.InteractionModalSubmit:
		return d.InteractionRespond(i.Interaction, messageResponse("remix "+submitted(i), 0))
	case discordgo.InteractionApplicationCommandAutocomplete:
		return d.InteractionRespond(i.Interaction, choicesResponse("ink"))
	}
	return nil
}

func TestDiscordgo(t *testing.T) {
	t.Parallel()
	s := sandboxtest.Start(t, sandbox.Options{Now: frozenClock()})
	s.Rules().Allow("null-list") // discordgo writes null for empty lists
	register(t, s, connect(t, s, func(d *discordgo.Session, i *discordgo.InteractionCreate) {
		if err := respond(d, i); err != nil {
			t.Errorf("bot: %v", err)
		}
	}))
	ctx, defaults := testContext(t), s.Defaults()
	i, err := s.Command(defaults.Member.ID, defaults.Channel.ID, "imagine", sandbox.With("prompt", "red boat"),
		sandbox.WithFile("init_image", "in.png", square(4)))
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.WaitReply(ctx, i.ID, nil)
	if err != nil || m.Content != "a red boat" || len(m.Attachments) != 2 || m.Attachments[1].Width != 9 {
		t.Fatalf("got %+v, %v; want content \"a red boat\" and two files", m, err)
	}
	t.Run("a link of the CDN works", func(t *testing.T) { download(t, m.Attachments[0].URL) })
	t.Run("only the user who clicked sees an ephemeral response", func(t *testing.T) { clickAgain(t, ctx, s, m) })
	t.Run("a modal comes back with its values", func(t *testing.T) { submitForm(t, ctx, s, m) })
	t.Run("autocomplete returns choices", func(t *testing.T) {
		typed := sandbox.With("style", "i")
		list, err := s.Autocomplete(ctx, defaults.Member.ID, defaults.Channel.ID, "imagine", "style", typed)
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

func download(t *testing.T, url string) {
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, _ := io.ReadAll(resp.Body)
	if !bytes.Equal(data, square(8)) || resp.Header.Get("Content-Type") != "image/png" {
		t.Errorf("got %d bytes of %q, want the PNG that was sent", len(data), resp.Header.Get("Content-Type"))
	}
}

func clickAgain(t *testing.T, ctx context.Context, s *sandbox.Sandbox, m sandbox.Message) {
	c, err := s.Click(s.Defaults().Moderator.ID, m.ID, "again")
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.WaitReply(ctx, c.ID, nil)
	if err != nil || a.Content != "again "+m.ID || !a.Ephemeral() {
		t.Fatalf("got %+v, %v", a, err)
	}
	for _, x := range s.VisibleMessages(s.Defaults().Member.ID, m.ChannelID) {
		if x.ID == a.ID {
			t.Error("another user sees an ephemeral message")
		}
	}
}

func submitForm(t *testing.T, ctx context.Context, s *sandbox.Sandbox, m sandbox.Message) {
	user := s.Defaults().Member.ID
	c, err := s.Click(user, m.ID, "form")
	if err != nil {
		t.Fatal(err)
	}
	c, err = s.WaitAnswer(ctx, c.ID)
	if err != nil || c.Form == nil || c.Form.Title != "Remix" {
		t.Fatalf("got %+v, %v; want a modal", c, err)
	}
	f, err := s.Submit(user, c.ID, map[string]string{"prompt": "new"})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.WaitReply(ctx, f.ID, nil)
	if err != nil || a.Content != "remix new" {
		t.Errorf("got %q, %v; want \"remix new\"", a.Content, err)
	}
}

// TestDiscordgoReconnects checks that an unmodified discordgo works again after faults of the gateway.
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
				t.Fatal("the bot did not reconnect")
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
