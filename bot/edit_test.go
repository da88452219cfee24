package bot_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/bot/sandbox"
	"darkroom/render/prompt/dynamic"
)

// editButton returns the "Edit prompt" button of a message.
func editButton(t *testing.T, m sandbox.Message) string {
	t.Helper()
	for _, id := range buttons(m.Components) {
		if strings.HasPrefix(id, "1:permute:") && strings.HasSuffix(id, ":edit") {
			return id
		}
	}
	t.Fatalf("%s has no button to edit the prompt", describe(m))
	return ""
}

// openEdit presses "Edit prompt" under a refusal. It returns the interaction and what the form's fields hold.
func (h *cluster) openEdit(m sandbox.Message) (i sandbox.Interaction, fields map[string]string) {
	h.t.Helper()
	i = h.click(h.defaults.Member.ID, m.ID, editButton(h.t, m))
	opened, err := h.sandbox.WaitAnswer(h.ctx, i.ID)
	if err != nil || opened.Form == nil {
		h.t.Fatalf("Edit prompt: got %+v, %v, want a form", opened, err)
	}
	fields = map[string]string{}
	for _, label := range opened.Form.Components {
		fields[label.Component.CustomID] = label.Component.Value
	}
	return i, fields
}

func (h *cluster) submitForm(opened sandbox.Interaction, values map[string]string) sandbox.Interaction {
	h.t.Helper()
	sent, err := h.sandbox.Submit(h.defaults.Member.ID, opened.ID, values)
	if err != nil {
		h.t.Fatal(err)
	}
	return sent
}

func TestRefusalsCanBeEdited(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.wildcards = dynamic.Folder{FS: fstest.MapFS{"ships.txt": {Data: []byte("boat\n")}}}
	h.startBot()
	h.startRenderer()
	h.waitReady()
	long := strings.Repeat("red boat ", 500) + "end"
	for _, c := range []struct {
		name    string
		options []sandbox.Option
		refused string
		holds   map[string]string // what the form's fields hold
		sent    map[string]string
		prompt  string // of the Spec in the end
		tiles   int
	}{
		{
			"a missing wildcard", []sandbox.Option{sandbox.With("prompt", "a __shps__ --seed 7"), sandbox.With("count", 1),
				sandbox.With("negative_prompt", "star")}, "Unknown wildcard",
			map[string]string{"prompt": "a __shps__ --seed 7", "negative": "star", "count": "1"},
			map[string]string{"prompt": "a __ships__ --seed 7"}, "a boat", 1,
		},
		{
			"a bad size", []sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("size", "huge")}, "Unknown size",
			map[string]string{"prompt": "a red boat", "size": "huge"},
			map[string]string{"size": "3:2", "count": "2"}, "a red boat", 2,
		},
		{
			"an unknown LoRA", []sandbox.Option{
				sandbox.With("prompt", "a red boat --seed 3"), sandbox.With("lora", "inkk:0.8"),
				sandbox.With("lora3", "hypernet:x"),
			}, "There is no LoRA “inkk”.",
			map[string]string{"prompt": "<lora:inkk:0.8> <hypernet:x> a red boat --seed 3"},
			map[string]string{"prompt": "a red boat --seed 3"}, "a red boat", 4,
		},
		{
			"an unknown model", []sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("model", "photo")},
			"There is no model “photo”.",
			map[string]string{"prompt": "a red boat", "model": "photo"}, map[string]string{"model": ""}, "a red boat", 4,
		},
		{
			"an unknown sampler", []sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("sampler", "fast")},
			"Unknown sampler “fast”.\nTry one of: DDIM, Euler.",
			map[string]string{"prompt": "a red boat", "sampler": "fast"},
			map[string]string{"sampler": "Euler"}, "a red boat", 4,
		},
		{
			"a prompt that is too long", []sandbox.Option{sandbox.With("prompt", long)}, "4,503 characters, at most 4,000",
			map[string]string{"prompt": long[:3999], "rest": long[4000:]},
			map[string]string{"prompt": "a blue", "rest": "star"}, "a blue star", 4,
		},
		{
			"a negative prompt that is too long",
			[]sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("negative_prompt", long)},
			"Negative prompt too long", map[string]string{"negative": long[:3999], "negative_rest": long[4000:]},
			map[string]string{"negative": "star", "negative_rest": "", "count": "1"}, "a red boat", 1,
		},
		{
			"a size that is a story", []sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("size", long)},
			"…”.\nWrite it as width x height, such as", map[string]string{"prompt": "a red boat"},
			map[string]string{"size": "3:2", "count": "1"}, "a red boat", 1,
		},
		{
			"a sampler that is a story", []sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("sampler", long)},
			"…”.\nTry one of: DDIM, Euler.", map[string]string{"prompt": "a red boat"},
			map[string]string{"sampler": "Euler", "count": "1"}, "a red boat", 1,
		},
		{
			"weights of nothing", []sandbox.Option{sandbox.With("prompt", "boat::-1"), sandbox.With("steps", 5)},
			"weights do not work",
			map[string]string{"prompt": "boat::-1"}, map[string]string{"prompt": "boat::1"}, "boat::1", 4,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			refusal := h.waitText(h.command("imagine", c.options...), c.refused)
			if refusal.Viewer != h.defaults.Member.ID {
				t.Errorf("others see %s", describe(refusal))
			}
			opened, fields := h.openEdit(refusal)
			for id, want := range c.holds {
				if fields[id] != want {
					t.Errorf("field %s holds %q, want %q", id, fields[id], want)
				}
			}
			sent := h.submitForm(opened, c.sent)
			h.waitPictures(sent, c.tiles)
			if got := h.spec(sent).Prompt; got != c.prompt {
				t.Errorf("generated %q, want %q", got, c.prompt)
			}
		})
	}
}

func TestEditedRefusalKeepsTheOtherSettings(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	refusal := h.waitText(h.command(
		"imagine", sandbox.With("prompt", "a __ship__"), sandbox.With("steps", 5), sandbox.With("seed", 9),
		sandbox.With("guidance_scale", 2.5), sandbox.With("aspect_ratio", "3:2"), sandbox.With("count", 1),
	), "Unknown wildcard")
	opened, fields := h.openEdit(refusal)
	if fields["size"] != "3:2" {
		t.Errorf("the form holds %v, want the aspect ratio", fields)
	}
	again := h.waitText(h.submitForm(opened, map[string]string{"prompt": "a __boat__", "count": "some"}), "Unknown number")
	opened, fields = h.openEdit(again)
	if fields["prompt"] != "a __boat__" || fields["count"] != "some" {
		t.Errorf("the second form holds %v, want what was typed into the first", fields)
	}
	sent := h.submitForm(opened, map[string]string{"prompt": "a red boat", "count": "2"})
	h.waitPictures(sent, 2)
	if s := h.spec(sent); s.Steps != 5 || s.Seed != 9 || s.GuidanceScale != 2.5 || s.Width != 160 {
		t.Errorf("spec: got %+v, want the settings that were typed", s)
	}
}

// TestEditedRefusalHasRoomForFiveFields asks with more than fit: the rest of the negative prompt is what has no field.
func TestEditedRefusalHasRoomForFiveFields(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	long := strings.Repeat("red boat ", 500) + "end"
	refusal := h.waitText(h.command(
		"imagine", sandbox.With("prompt", long), sandbox.With("negative_prompt", long), sandbox.With("size", "96x96"),
		sandbox.With("sampler", "euler"),
	), "too long")
	_, fields := h.openEdit(refusal)
	if _, has := fields["negative_rest"]; has || len(fields) != 5 || fields["sampler"] == "" || fields["rest"] == "" {
		t.Errorf("the form has %d fields, want prompt, its rest, negative prompt, size and sampler", len(fields))
	}
}

func TestRefusedRemixCanBeEdited(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("steps", 5), sandbox.With("count", 1))
	grid := h.waitPictures(first, 1)
	remix := h.click(me, grid.ID, "1:remix:"+first.ID+"-0:0")
	if _, err := h.sandbox.WaitAnswer(h.ctx, remix.ID); err != nil {
		t.Fatal(err)
	}
	refusal := h.waitText(h.submitForm(remix, map[string]string{"prompt": "a __ship__"}), "Unknown wildcard")
	opened, fields := h.openEdit(refusal)
	if fields["prompt"] != "a __ship__" {
		t.Errorf("the form holds %v, want the new words", fields)
	}
	sent := h.submitForm(opened, map[string]string{"prompt": "a blue star"})
	h.waitPictures(sent, 1)
	if s := h.spec(sent); s.Prompt != "a blue star" || s.Steps != 5 {
		t.Errorf("spec: got %+v, want a remix of the first", s)
	}
}
