package bot_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// TestUpscalersInDiscord: the buttons enlarge by the usual upscaler, and a form takes another one, any factor and how
// much is repainted.
func TestUpscalersInDiscord(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	r := queue.Renderer{
		Slot: "easel", Device: "test", Lanes: queue.Lanes(picture.Lanes(modelHash)...),
		Models: []queue.Model{{
			Name: "postcards", Hash: modelHash, Lane: picture.Lanes(modelHash)[0], Card: json.RawMessage(card),
		}},
	}
	for i, name := range []string{"anime", "sharp"} {
		c, err := json.Marshal(request.AddonCard{Kind: picture.Upscaler, Name: name, Scale: 4, Work: 1e6})
		if err != nil {
			t.Fatal(err)
		}
		r.Addons = append(r.Addons, queue.Addon{Hash: strings.Repeat(string(rune('1'+i)), 64), Card: c})
	}
	if err := h.queue.Announce(h.ctx, r, time.Hour); err != nil {
		t.Fatal(err)
	}
	h.startBot()
	h.startRenderer()
	h.waitReady()
	me := h.defaults.Member.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("count", 1))
	alone := h.waitPictures(first, 1)
	press := func(arg string) sandbox.Interaction { return h.click(me, alone.ID, "1:upscale:"+first.ID+"-0:1:"+arg) }

	subtle := press("subtle")
	h.waitText(subtle, "Waiting")
	if s := h.spec(subtle); s.Upscale.Scale != 2 || s.Upscaler == nil || s.Upscaler.Name != "anime" ||
		s.Upscale.Strength != 0 {
		t.Errorf("subtle: got %+v by %+v, want the first upscaler", s.Upscale, s.Upscaler)
	}
	creative := press("creative")
	h.waitText(creative, "Waiting")
	if s := h.spec(creative).Upscale; s.Scale != 2 || s.Strength != request.CreativeStrength || s.Tile == nil {
		t.Errorf("creative: got %+v, want it repainted", s)
	}

	openForm := func() (opened, form sandbox.Interaction) {
		t.Helper()
		opened = press("choose")
		var err error
		form, err = h.sandbox.WaitAnswer(h.ctx, opened.ID)
		if err != nil || form.Form == nil {
			t.Fatalf("got %+v, %v, want a form", form, err)
		}
		return opened, form
	}
	opened, form := openForm()
	field := form.Form.Components[1]
	if field.Component.Value != "anime" || field.Description != "One of: anime, sharp, Lanczos" {
		t.Errorf("got %q, %q, want all upscalers with the usual one filled in", field.Component.Value, field.Description)
	}
	chosen := h.submitForm(opened, map[string]string{"times": "2,5x", "upscaler": "Sharp", "repaint": ""})
	h.waitText(chosen, "Waiting")
	if s := h.spec(chosen); s.Upscale.Scale != 2.5 || s.Upscaler == nil || s.Upscaler.Name != "sharp" {
		t.Errorf("chosen: got %+v by %+v, want 2.5 times by sharp", s.Upscale, s.Upscaler)
	}
	for _, c := range []struct{ times, upscaler, repaint, want string }{
		{"many", "", "", "Unknown number “many”."}, {"9", "", "", "at most 4 times larger, not 9 times"},
		{"2", "shrap", "", "There is no upscaler “shrap”.\nDid you mean sharp?"},
		{"2", "", "2", "Unknown strength of repainting 2"},
	} {
		opened, _ := openForm()
		sent := h.submitForm(opened, map[string]string{"times": c.times, "upscaler": c.upscaler, "repaint": c.repaint})
		if m := h.waitText(sent, c.want); m.Viewer != me {
			t.Errorf("%q: got %s, want a private answer", c.want, describe(m))
		}
	}
	opened, _ = openForm()
	plain := h.submitForm(opened, map[string]string{"times": "2", "upscaler": "lanczos", "repaint": "0"})
	large := h.waitPictures(plain, 1)
	if s := h.spec(plain); s.Upscaler != nil || s.Upscale.Strength != 0 {
		t.Errorf("Lanczos: got %+v by %+v", s.Upscale, s.Upscaler)
	}
	for _, id := range buttons(large.Components) {
		if strings.Contains(id, "upscale") {
			t.Errorf("an upscaled image has the button %s", id)
		}
	}
}
