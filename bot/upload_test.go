package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
)

// TestUploadsAreKeptThroughEdit: a form cannot be filled with a file, so what was uploaded with a refused request is
// kept with it, after a restart too, and as often as it is refused.
func TestUploadsAreKeptThroughEdit(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.startRenderer()
	h.waitReady()
	first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("size", "huge"),
		sandbox.With("count", 1), sandbox.With("strength", 0.3), sandbox.WithFile("init_image", "a.png", plainPNG(30, 1)))
	refused := h.waitText(first, "Unknown size")
	opened, fields := h.openEdit(refused)
	if !strings.Contains(h.describeForm(opened), "start image a.png, strength 0.3") {
		t.Errorf("the form says %q with %v, want it to name what is kept", h.describeForm(opened), fields)
	}
	stop()
	h.startBot()
	again := h.waitText(h.submitForm(opened, map[string]string{"size": "vast"}), "Unknown size")
	opened, _ = h.openEdit(again)
	i := h.submitForm(opened, map[string]string{"size": ""})
	h.waitPictures(i, 1)
	if s := h.spec(i); s.Init == nil || s.Init.Picture.Width != 30 || s.Init.Strength != 0.3 {
		t.Errorf("got %+v, want the start image that was sent first", s.Init)
	}
}

// TestMasksAreKeptThroughEdit: the same of the mask of a region whose prompt was refused.
func TestMasksAreKeptThroughEdit(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	made := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("count", 1))
	opened := h.openForm(h.waitPictures(made, 1), "1:region:"+made.ID+"-0:1")
	refused := h.waitText(h.fillForm(opened, map[string][]string{"prompt": {"a star --sampler nope"}},
		map[string][]byte{"mask": strokes(64)}), "nope")
	edit := h.openForm(refused, editButton(t, refused))
	if about := edit.Form.Components[1].Description; !strings.Contains(about, "kept") {
		t.Errorf("the field of the mask says %q, want that the mask is kept", about)
	}
	asked := h.waitText(h.fillForm(edit, map[string][]string{"prompt": {"a star"}}, nil), "transparent parts")
	i := h.click(h.defaults.Member.ID, asked.ID, strings.TrimSuffix(editButton(t, asked), "edit")+"yes")
	h.waitText(i, "Accepted")
	h.waitPictureMessages(2)
	s := h.spec(i)
	if s.Init == nil || s.Init.Mask == nil {
		t.Fatalf("got %+v, want a mask", s.Init)
	}
	w, half := s.Init.Mask.Width, s.Init.Mask.Height/2
	if h.brightness(s.Init.Mask.SHA256, w/4, half) < 128 || h.brightness(s.Init.Mask.SHA256, 3*w/4, half) > 127 {
		t.Error("the mask is not the one that was sent")
	}
}

// describeForm is what the labels of an opened form say.
func (h *cluster) describeForm(opened sandbox.Interaction) string {
	h.t.Helper()
	shown, err := h.sandbox.WaitAnswer(h.ctx, opened.ID)
	if err != nil || shown.Form == nil {
		h.t.Fatalf("got %+v, %v, want a form", shown, err)
	}
	var all []string
	for _, label := range shown.Form.Components {
		all = append(all, label.Label+": "+label.Description)
	}
	return strings.Join(all, "\n")
}
