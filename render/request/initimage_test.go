package request

import (
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
)

// A start image of another shape is never cropped silently, and there are ways to keep all of it.
func TestStartImageOfAnotherShape(t *testing.T) {
	t.Parallel()
	of := func(w, h int) *Attachment { return &Attachment{URL: "https://cdn", Width: w, Height: h} }
	for name, tt := range map[string]struct {
		want   Wanted
		resize string
		note   string // part of the only note; "" for none
	}{
		"wider": {
			Wanted{Prompt: "red boat", Init: of(768, 512)}, "", "(768×512) is cropped to the shape of 128×128: 33 %",
		},
		"taller":            {Wanted{Prompt: "red boat", Init: of(500, 1000)}, "", "50 % is cut off"},
		"a line":            {Wanted{Prompt: "red boat", Init: of(1, 5000)}, "", " 99 % is cut off"},
		"another ratio":     {Wanted{Prompt: "red boat --ar 3:2", Init: of(128, 128)}, "", "the shape of 160×112: 30 %"},
		"the same shape":    {Wanted{Prompt: "red boat", Init: of(1024, 1024)}, "", ""},
		"nearly the same":   {Wanted{Prompt: "red boat", Init: of(1000, 1004)}, "", ""},
		"nobody knows":      {Wanted{Prompt: "red boat", Init: of(0, 0)}, "", ""},
		"cropped on demand": {Wanted{Prompt: "red boat --resize crop", Init: of(768, 512)}, "crop", ""},
		"filled":            {Wanted{Prompt: "red boat --resize fill", Init: of(768, 512)}, "fill", ""},
		"stretched by an option": {
			Wanted{Prompt: "red boat --resize fill", Init: of(768, 512), Resize: new("stretch")}, "stretch",
			"--fit fill was ignored: an option",
		},
		"by a preset": {
			Wanted{Prompt: "red boat", Init: of(768, 512), Preset: &Preset{Settings: Wanted{Resize: new("fill")}}}, "fill", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, refusal := Resolve(tt.want, postcards(), 42)
			if refusal != nil {
				t.Fatal(refusal)
			}
			if got := res.PendingInit.Resize; got != tt.resize {
				t.Errorf("got mode %q, want %q", got, tt.resize)
			}
			if got := strings.Join(res.NoteTexts(), "\n"); !strings.Contains(got, tt.note) || (tt.note == "") != (got == "") {
				t.Errorf("got notes %q, want %q", got, tt.note)
			}
		})
	}
	res, refusal := Resolve(Wanted{Prompt: "red boat --resize fill"}, postcards(), 42)
	if refusal != nil || len(res.Notes) != 1 || !strings.Contains(res.Notes[0].String(), "no new start image") {
		t.Errorf("without a start image: got %q and %v, want it to be noted", res.Notes, refusal)
	}
}

// TestFinishesImages: who asks a refiner for an image of words alone is told what it is for.
func TestFinishesImages(t *testing.T) {
	t.Parallel()
	o := postcards()
	o.Models[0].FinishesImages, o.Models[0].Defaults.Strength = true, 0.3
	res, refusal := Resolve(Wanted{Prompt: "red boat"}, o, 42)
	want := []string{"postcards was made to finish images: start from one with strength 0.3."}
	if refusal != nil || !slices.Equal(res.NoteTexts(), want) {
		t.Errorf("from words: got %q and %v, want %q", res.Notes, refusal, want)
	}
	start := &Attachment{URL: "https://cdn", Width: 128, Height: 128}
	for strength, w := range map[float64]Wanted{
		0.3: {Prompt: "red boat", Init: start}, 0.8: {Prompt: "red boat", Init: start, Strength: new(0.8)},
	} {
		res, refusal := Resolve(w, o, 42)
		if refusal != nil || len(res.Notes) > 0 || res.PendingInit.Strength != strength {
			t.Errorf("got strength %v, notes %q and %v, want strength %v", res.PendingInit, res.Notes, refusal, strength)
		}
	}
	earlier := res.Spec
	earlier.Init = &picture.Init{Picture: picture.Input{SHA256: hashA, Width: 128, Height: 128}, Strength: 0.5}
	if res, refusal := Remix(Wanted{Prompt: "blue boat"}, o, earlier, 1); refusal != nil || len(res.Notes) > 0 {
		t.Errorf("a remix of an image that began with one: got %q and %v", res.Notes, refusal)
	}
}

// TestLargestStartImage sees that an image of exactly the limits is taken.
func TestLargestStartImage(t *testing.T) {
	t.Parallel()
	file := Attachment{URL: "https://cdn.discordapp.com/a.png", Size: MaxInputBytes, Width: 4096, Height: 4096}
	if _, no := Resolve(Wanted{Prompt: "a boat", Init: &file}, postcards(), 1); no != nil {
		t.Errorf("got %v, want it to be taken", no)
	}
	file.Height++
	if _, no := Resolve(Wanted{Prompt: "a boat", Init: &file}, postcards(), 1); no == nil {
		t.Error("a row more: got no refusal")
	}
}

func TestRemixNotesANewShape(t *testing.T) {
	t.Parallel()
	base := picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111, Prompt: "a boat",
		Model: picture.Ref{Name: "postcards", Hash: hashA}, Width: 128, Height: 128, Count: 1, Steps: 20, GuidanceScale: 4,
		Sampler: "ddim", Init: &picture.Init{Picture: picture.Input{SHA256: hashB, Width: 100, Height: 100}, Strength: 0.5},
	}
	for prompt, want := range map[string]string{
		"red boat": "", "red boat --ar 3:2": "(100×100) is cropped to the shape of 160×112",
	} {
		res, refusal := Remix(Wanted{Prompt: prompt}, postcards(), base, 7)
		got := strings.Join(res.NoteTexts(), "\n")
		if refusal != nil || !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: got notes %q and %v, want %q", prompt, got, refusal, want)
		}
	}
	base.Init.Placement = &picture.Placement{Width: 100, Height: 100} // it is not brought to the image's shape
	res, refusal := Remix(Wanted{Prompt: "red boat --ar 3:2"}, postcards(), base, 7)
	if refusal != nil || len(res.Notes) > 0 {
		t.Errorf("placed on the image: got notes %q and %v, want none", res.Notes, refusal)
	}
}

func TestMaskOfAStartImage(t *testing.T) {
	t.Parallel()
	init, mask := &Attachment{URL: "https://cdn/a", Width: 128, Height: 128}, Attachment{URL: "https://cdn/m", Size: 9}
	with := func(change func(*Attachment)) *Attachment {
		m := mask
		change(&m)
		return &m
	}
	for name, c := range map[string]struct {
		init, mask *Attachment
		refused    string // part of the refusal; "" for none
	}{
		"a mask":                 {init, &mask, ""},
		"of another size":        {init, with(func(m *Attachment) { m.Width, m.Height = 40, 7 }), ""},
		"without an image":       {nil, &mask, "A mask needs a start image. Send the image too"},
		"a photo of an iPhone":   {init, with(func(m *Attachment) { m.ContentType = "image/heic" }), "is a HEIC photo"},
		"a text":                 {init, with(func(m *Attachment) { m.ContentType = "text/plain" }), "file (text/plain)"},
		"too many bytes":         {init, with(func(m *Attachment) { m.Size = MaxInputBytes + 1 }), "Mask too large: 25.0 MB"},
		"too many pixels":        {init, with(func(m *Attachment) { m.Width, m.Height = 9000, 9000 }), "large: 9000×9000"},
		"nobody knows what kind": {init, with(func(m *Attachment) { m.ContentType = unknownType }), ""},
	} {
		res, refusal := Resolve(Wanted{Prompt: "red boat", Init: c.init, Mask: c.mask}, postcards(), 42)
		switch {
		case c.refused == "" && (refusal != nil || res.PendingInit.Mask != c.mask):
			t.Errorf("%s: got %+v, %v; want the mask kept", name, res.PendingInit, refusal)
		case c.refused != "" && (refusal == nil || !strings.Contains(refusal.Error(), c.refused)):
			t.Errorf("%s: got %v, want %q", name, refusal, c.refused)
		}
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		w    Wanted
		want bool
	}{
		"no": {Wanted{Prompt: "a boat"}, false}, "an option": {Wanted{Prompt: "a boat", Private: true}, true},
		"a flag":   {Wanted{Prompt: "a boat --private"}, true},
		"a preset": {Wanted{Prompt: "a boat", Preset: &Preset{Settings: Wanted{Private: true}}}, true},
	} {
		res, refusal := Resolve(c.w, postcards(), 42)
		if refusal != nil || res.Private != c.want || res.Spec.Prompt != "a boat" {
			t.Errorf("%s: got %v, %q, %v; want %v", name, res.Private, res.Spec.Prompt, refusal, c.want)
		}
	}
}
