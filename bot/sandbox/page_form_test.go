package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/bot/sandbox/wire"
)

// formBot answers /picture with a picture and a button that opens a form with every kind of field. discordgo does not
// know most of them, so the form is sent as JSON, and what comes back is read from discordgo's raw event.
type formBot struct {
	t      *testing.T
	s      *sandbox.Sandbox
	filled chan wire.Interaction
}

const pictureForm = `{"type":9,"data":{"custom_id":"region","title":"Vary a region","components":[` +
	`{"type":18,"label":"Which parts change?","component":{"type":3,"custom_id":"cells","required":false,` +
	`"min_values":0,"max_values":9,"options":[{"label":"Top left","value":"1"},{"label":"Top","value":"2"},` +
	`{"label":"Top right","value":"3"},{"label":"Left","value":"4"},{"label":"Centre","value":"5"},` +
	`{"label":"Right","value":"6"},{"label":"Bottom left","value":"7"},{"label":"Bottom","value":"8"},` +
	`{"label":"Bottom right","value":"9"}]}},` +
	`{"type":18,"label":"Mask","description":"Any colour on transparent","component":{"type":19,"custom_id":"mask",` +
	`"required":false,"min_values":0,"max_values":1,"file_types":["image"]}},` +
	`{"type":18,"label":"Start image","component":{"type":19,"custom_id":"init","required":false,"min_values":0}},` +
	`{"type":18,"label":"Strength","component":{"type":21,"custom_id":"strength","options":[` +
	`{"label":"Usual","value":"keep","default":true},{"label":"Strong","value":"0.7"}]}},` +
	`{"type":18,"label":"Model","component":{"type":3,"custom_id":"model","options":[` +
	`{"label":"Keep postcards","value":"keep","default":true},{"label":"sketches","value":"sketches"}]}}]}}`

// startFormBot starts a sandbox with it.
func startFormBot(t *testing.T) *formBot {
	t.Helper()
	s := sandboxtest.Start(t, sandbox.Options{Title: "darkroom", Now: frozenClock()})
	s.Rules().Allow("null-list") // discordgo writes null for empty lists
	b := &formBot{t: t, s: s, filled: make(chan wire.Interaction, 1)}
	d := connect(t, s, nil)
	d.AddHandler(b.handle)
	_, err := d.ApplicationCommandBulkOverwrite(s.AppID(), "", []*dgCommand{{Name: "picture", Description: "Paint"}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *formBot) handle(d *discordgo.Session, e *discordgo.Event) {
	var i wire.Interaction
	if e.Type != "INTERACTION_CREATE" {
		return
	}
	if err := json.Unmarshal(e.RawData, &i); err != nil {
		b.t.Error(err)
		return
	}
	switch i.Type {
	case wire.TypeCommand:
		row := dgRow{Components: []dgComponent{button("Vary (region)", "region", discordgo.SecondaryButton)}}
		err := d.InteractionRespond(&discordgo.Interaction{ID: i.ID, Token: i.Token}, &dgResponse{
			Type: discordgo.InteractionResponseChannelMessageWithSource, Data: &dgData{
				AllowedMentions: noPings, Files: []*discordgo.File{file("picture.png", 1, 160)}, Components: []dgComponent{row},
			}})
		if err != nil {
			b.t.Error(err)
		}
	case wire.TypeComponent:
		b.answer(i, pictureForm)
	case wire.TypeModalSubmit:
		b.answer(i, `{"type":4,"data":{"content":"filled in","allowed_mentions":{"parse":[]}}}`)
		b.filled <- i
	}
}

func (b *formBot) answer(i wire.Interaction, body string) {
	r, err := http.NewRequest(http.MethodPost,
		"https://discord.com/api/v10/interactions/"+i.ID+"/"+i.Token+"/callback", strings.NewReader(body))
	if err != nil {
		b.t.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
	got, err := sandboxtest.Transport(b.s).RoundTrip(r)
	if err != nil {
		b.t.Error(err)
		return
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusNoContent {
		b.t.Errorf("the form: got %s, want 204", got.Status)
	}
}

// field is what was sent for a field of the form.
func field(t *testing.T, i wire.Interaction, id string) wire.SubmittedComponent {
	t.Helper()
	data, err := json.Marshal(i.Data)
	if err != nil {
		t.Fatal(err)
	}
	var sent wire.InteractionData
	if err := json.Unmarshal(data, &sent); err != nil {
		t.Fatal(err)
	}
	for _, c := range sent.Components {
		if c.Component != nil && c.Component.CustomID == id {
			return *c.Component
		}
	}
	t.Fatalf("no field %s in %s", id, data)
	return wire.SubmittedComponent{}
}

// upload is the file that was sent for a field, as an image.
func (b *formBot) upload(i wire.Interaction, id string) image.Image {
	b.t.Helper()
	data, err := b.s.Download(field(b.t, i, id).Values[0])
	if err != nil {
		b.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	return img
}

// place is the middle of an element on the screen, and half of its width.
type place struct{ X, Y, Half float64 }

// drag draws over the element with the pointer, from its middle a quarter of its width to the left.
func drag(selector string) action {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		at, err := chromedp.Evaluate[place](`(() => {
			const node = document.querySelector('`+selector+`');
			node.scrollIntoView({ block: "center" });
			const b = node.getBoundingClientRect();
			return { X: b.x + b.width / 2, Y: b.y + b.height / 2, Half: b.width / 2 };
		})()`)(ctx, tab)
		if err != nil {
			return err
		}
		left := func(p *input.DispatchMouseEventParams) { p.Button, p.Buttons = input.MouseButtonLeft, 1 }
		for _, a := range []action{
			chromedp.MouseEvent(chromedp.MousePressed, at.X, at.Y, left),
			chromedp.MouseEvent(chromedp.MouseMoved, at.X-at.Half/4, at.Y, left),
			chromedp.MouseEvent(chromedp.MouseMoved, at.X-at.Half/2, at.Y, left),
			chromedp.MouseEvent(chromedp.MouseReleased, at.X-at.Half/2, at.Y, left),
		} {
			if _, err := a(ctx, tab); err != nil {
				return err
			}
		}
		return nil
	})
}

// openPictureForm asks for a picture and opens its form.
func openPictureForm(s *sandbox.Sandbox) []action {
	return append(
		openPage(s),
		typeInto(box, "/picture"+enter),
		see("Send"),
		click("Send"),
		see("Vary (region)"),
		click("Vary (region)"),
		see("Vary a region"),
	)
}

func TestPageFillsForms(t *testing.T) {
	t.Parallel()
	b := startFormBot(t)
	start := filepath.Join(t.TempDir(), "start.png")
	if err := os.WriteFile(start, plainPicture(t, 20), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := browser(t, 1180, 1000)
	runStep(t, ctx, "open the form", openPictureForm(b.s)...)
	runStep(t, ctx, "choose by keyboard", chromedp.Focus(byLabel("Centre")), chromedp.KeyEvent(" "),
		chromedp.Focus(byLabel("Right")), chromedp.KeyEvent(" "))
	runStep(t, ctx, "choose a file and a strength", chromedp.SetUploadFiles(byLabel("Start image"), []string{start}),
		click("Strong"), chromedp.SetValue(byLabel("Model"), "sketches"))
	runStep(t, ctx, "draw a mask", chromedp.Click(`//button[text()="Draw on the picture"]`),
		see("Draw where the picture changes"), chromedp.WaitReady(`canvas[width="160"]`), drag("canvas"),
		chromedp.Sleep(fadeIn), screenshot("f1-form"))
	runStep(t, ctx, "submit", chromedp.Click(`//button[text()="Submit"]`), gone("Vary a region"))
	i := <-b.filled
	if got := field(t, i, "cells").Values; strings.Join(got, " ") != "5 6" {
		t.Errorf("cells: got %q, want 5 and 6", got)
	}
	if got := field(t, i, "strength").Value; got != "0.7" {
		t.Errorf("strength: got %v, want 0.7", got)
	}
	if got := field(t, i, "model").Values; len(got) != 1 || got[0] != "sketches" {
		t.Errorf("model: got %q, want sketches", got)
	}
	if got := b.upload(i, "init").Bounds().Dx(); got != 20 {
		t.Errorf("start image: got width %d, want 20", got)
	}
	mask := b.upload(i, "mask")
	drawn := color.NRGBAModel.Convert(mask.At(60, 80)).(color.NRGBA).A
	blank := color.NRGBAModel.Convert(mask.At(120, 80)).(color.NRGBA).A
	if size := mask.Bounds().Size(); size != image.Pt(160, 160) || drawn != 0xFF || blank != 0 {
		t.Errorf("mask: got %v, opacity %d on the stroke and %d off it; want 160×160, 255 and 0", size, drawn, blank)
	}
}

// press is a row of keys.
func press(keys ...string) action {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for _, k := range keys {
			if _, err := chromedp.KeyEvent(k)(ctx, tab); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestPageDrawsMaskByKeyboard(t *testing.T) {
	t.Parallel()
	b := startFormBot(t)
	ctx := browser(t, 1180, 1000)
	runStep(t, ctx, "open the form", openPictureForm(b.s)...)
	runStep(t, ctx, "draw a mask", chromedp.Focus(`//button[text()="Draw on the picture"]`), chromedp.KeyEvent(enter),
		chromedp.WaitReady(`canvas[width="160"]`), chromedp.Focus("canvas"),
		// A stroke from the middle to the right, one below it that is taken back, and one at the top.
		press(" ", kb.ArrowRight, kb.ArrowRight, kb.ArrowRight, kb.ArrowRight, " "),
		press(kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, " ", kb.ArrowLeft, " ", kb.Backspace),
		press(strings.Split(strings.Repeat(kb.ArrowUp+",", 30), ",")[:30]...), press(" "), screenshot("f3-form-keyboard"))
	runStep(t, ctx, "submit", chromedp.Click(`//button[text()="Submit"]`), gone("Vary a region"))
	mask := b.upload(<-b.filled, "mask")
	for _, c := range []struct {
		x, y  int
		drawn bool
	}{{80, 80, true}, {110, 80, true}, {60, 80, false}, {112, 112, false}, {104, 2, true}, {104, 40, false}} {
		if got := color.NRGBAModel.Convert(mask.At(c.x, c.y)).(color.NRGBA).A == 0xFF; got != c.drawn {
			t.Errorf("drawn at %d, %d: got %v, want %v", c.x, c.y, got, c.drawn)
		}
	}
}

// drop lets go of a file over an element, as a person does who drags it from a folder.
func drop(selector, name string) action {
	return chromedp.Evaluate[chromedp.Void](`(() => {
		const data = new DataTransfer();
		const canvas = Object.assign(document.createElement("canvas"), { width: 24, height: 24 });
		canvas.getContext("2d").fillRect(0, 0, 24, 24);
		const bytes = Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (c) => c.charCodeAt(0));
		data.items.add(new File([bytes], "` + name + `", { type: "image/png" }));
		const node = document.querySelector('` + selector + `');
		for (const type of ["dragenter", "dragover", "drop"]) {
			node.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
		}
	})()`)
}

func TestPageTakesDroppedFiles(t *testing.T) {
	t.Parallel()
	b := startFormBot(t)
	ctx := browser(t, 1180, 1000)
	runStep(t, ctx, "open the form", openPictureForm(b.s)...)
	runStep(t, ctx, "drop files", drop(`.field:has([aria-label="Start image"]) .drop`, "dropped.png"),
		chromedp.WaitVisible(`//span[contains(., "dropped.png")]`), screenshot("f4-form-dropped"))
	runStep(t, ctx, "submit", chromedp.Click(`//button[text()="Submit"]`), gone("Vary a region"))
	i := <-b.filled
	if got := b.upload(i, "init").Bounds().Dx(); got != 24 {
		t.Errorf("start image: got width %d, want 24", got)
	}
	if got := field(t, i, "mask").Values; len(got) != 0 {
		t.Errorf("mask: got %q, nothing was dropped there", got)
	}
}

func TestPageFillsFormsOnAPhone(t *testing.T) {
	t.Parallel()
	b := startFormBot(t)
	ctx := browser(t, 390, 780)
	runStep(t, ctx, "open the form",
		append([]action{chromedp.EmulateViewport(390, 780)}, openPictureForm(b.s)...)...)
	runStep(t, ctx, "draw a mask", chromedp.Click(`//button[text()="Draw on the picture"]`),
		chromedp.WaitReady(`canvas[width="160"]`), drag("canvas"), chromedp.Sleep(fadeIn), screenshot("f2-form-phone"))
	wide, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`[document.documentElement, document.querySelector(".form")]
		.some((n) => n.scrollWidth > n.clientWidth || n.getBoundingClientRect().right > innerWidth)`))
	if err != nil || wide {
		t.Errorf("got %v, %v; the form must fit the phone", wide, err)
	}
}

// plainPicture is a PNG of one colour.
func plainPicture(t *testing.T, side int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.Set(i%side, i/side, color.NRGBA{R: 200, G: 90, B: 20, A: 255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
