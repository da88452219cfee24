package interaction

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"darkroom/queue"
	"darkroom/render/encode"
	"darkroom/render/picture"
)

func TestPictureDistance(t *testing.T) {
	t.Parallel()
	f := queue.File{Seed: 7, SHA256: "5a", PHash: "00000000ffffffff"}
	for name, c := range map[string]struct {
		sum, look string
		seed      int64
		says      bool
		want      int
	}{
		"the same bytes":              {sum: "5a", want: -1},
		"the same look":               {look: "00000000fffffff0", want: 4},
		"the same look and seed":      {look: "00000000ffffffff", seed: 7, says: true},
		"the same look, another seed": {look: "00000000ffffffff", seed: 8, says: true, want: sameLook + 1},
		"no look":                     {want: sameLook + 1},
		"another look":                {look: "ffffffff00000000", want: 64},
	} {
		if got := distance(f, c.sum, c.look, encode.Parameters{Seed: c.seed}, c.says); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// TestPicturesAreDecodedOneAtATime: a few hundred KiB may unfold to hundreds of MiB, and anybody may send them.
func TestPicturesAreDecodedOneAtATime(t *testing.T) {
	t.Parallel()
	img := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: uint8(i * i / 7)}.Y
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	d := newDecoder()
	k := &knownPictures{imagine: &imaginer{region: &regions{decoder: d}}}
	if k.lookOf(t.Context(), b.Bytes()) == "" {
		t.Fatal("the picture has no look")
	}
	d.slot <- struct{}{} // another one is decoded
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if look := k.lookOf(ctx, b.Bytes()); look != "" {
		t.Errorf("got %q beside another picture, want it to wait", look)
	}
}

// TestWantedOfLongTexts: a picture may say anything, and what it says is kept and shown in a form.
func TestWantedOfLongTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä ", 1<<19)
	said := encode.Parameters{Prompt: long, Negative: long, Sampler: long}
	said.Model.Name = long
	w := wantedOf(said)
	if n := utf8.RuneCountInString(w.Prompt); n != picture.MaxPromptRunes {
		t.Errorf("prompt: got %d characters", n)
	}
	if n := utf8.RuneCountInString(*w.Negative); n != picture.MaxPromptRunes {
		t.Errorf("negative prompt: got %d characters", n)
	}
	if n := utf8.RuneCountInString(*w.Sampler + *w.Model); n != 2*maxSaidName {
		t.Errorf("sampler and model: got %d characters", n)
	}
}
