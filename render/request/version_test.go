package request

import (
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// TestVersion sees that each way to a Spec writes the lowest version that can express it. The version names the lane,
// so an older renderer never gets a Spec that it would read otherwise.
func TestVersion(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	card.ImageToImage = true
	models := Available{Models: []Card{card}}
	old := func(text string) picture.Spec {
		res, refusal := Resolve(Wanted{Prompt: text}, only(card), 5)
		if refusal != nil {
			t.Fatal(refusal)
		}
		s := res.Spec
		s.Version, s.Reading = 1, ""
		return s
	}
	resolve := func(w Wanted) func() (Resolved, *Refusal) {
		return func() (Resolved, *Refusal) { return Resolve(w, only(card), 5) }
	}
	exactly := func(w Wanted) func() (Resolved, *Refusal) {
		return func() (Resolved, *Refusal) { return ResolveExact(w, only(card), 5) }
	}
	remix := func(w Wanted, base picture.Spec) func() (Resolved, *Refusal) {
		return func() (Resolved, *Refusal) { return Remix(w, models, base, 6) }
	}
	for name, c := range map[string]struct {
		make    func() (Resolved, *Refusal)
		want    int
		reading prompt.Reading
	}{
		"a plain request":             {resolve(Wanted{Prompt: "a boat"}), 2, prompt.V2},
		"tiling":                      {resolve(Wanted{Prompt: "a boat --tile"}), 2, prompt.V2},
		"tiling, exactly":             {exactly(Wanted{Prompt: "a boat --tile"}), 2, prompt.V2},
		"Midjourney's weights":        {resolve(Wanted{Prompt: "hot:: dog"}), 2, prompt.V2},
		"words that are read anew":    {resolve(Wanted{Prompt: "猫AND狗"}), 3, prompt.Current},
		"a negative prompt read anew": {resolve(Wanted{Prompt: "a boat", Negative: new("(fog:１.５)")}), 3, prompt.Current},
		"a negative prompt with AND":  {resolve(Wanted{Prompt: "a boat", Negative: new("猫AND狗")}), 2, prompt.V2},
		"a remix with a newer setting": {
			remix(Wanted{Prompt: "a star", Emphasis: new("no_norm")}, old("a boat")), 2, prompt.V2,
		},
		"a plain remix":                {remix(Wanted{Prompt: "a star"}, old("猫AND狗")), 2, prompt.V2},
		"a remix with words read anew": {remix(Wanted{Prompt: "猫AND狗"}, old("a boat")), 3, prompt.Current},
		"an old image again":           {func() (Resolved, *Refusal) { return Repaint(old("猫AND狗"), models) }, 1, prompt.V2},
		"an old image of version 2": {func() (Resolved, *Refusal) {
			s := old("猫AND狗")
			s.Version = 2
			return Repaint(s, models)
		}, 2, prompt.V2},
		"an old image with tiling": {func() (Resolved, *Refusal) {
			s := old("猫AND狗")
			s.Tiling = true
			return Repaint(s, models)
		}, 2, prompt.V2},
		"an old image, upscaled": {func() (Resolved, *Refusal) {
			return Upscale(old("猫AND狗"), WantedUpscale{By: 2}, models)
		}, 3, prompt.V2},
		"a new image, upscaled": {func() (Resolved, *Refusal) {
			s := old("猫AND狗")
			s.Version = 3
			return Upscale(s, WantedUpscale{By: 2}, models)
		}, 3, prompt.Current},
	} {
		res, refusal := c.make()
		if refusal != nil {
			t.Errorf("%s: %v", name, refusal)
			continue
		}
		if s := res.Spec; s.Version != c.want || prompt.ReadingOf(s) != c.reading {
			t.Errorf("%s: got version %d with reading %q, want %d", name, s.Version, s.Reading, c.want)
		}
	}
}

// TestVersionOfPendingImage: the lane is settled before the start picture is copied.
func TestVersionOfPendingImage(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	card.ImageToImage = true
	base, refusal := Resolve(Wanted{Prompt: "a boat"}, only(card), 5)
	if refusal != nil {
		t.Fatal(refusal)
	}
	res, refusal := Outpaint(base.Spec, Attachment{ContentType: "image/png"}, Available{Models: []Card{card}})
	if refusal != nil {
		t.Fatal(refusal)
	}
	if refusal := res.PlaceOn(func(picture, _ Size) Canvas { return Canvas{Size: picture} }); refusal != nil {
		t.Fatal(refusal)
	}
	spec := res.Spec
	spec.Init = &picture.Init{Placement: res.PendingInit.Place, Window: res.PendingInit.Window}
	prompt.SettleVersion(&spec)
	if res.Spec.Version != spec.Version || res.Spec.Lane() != spec.Lane() {
		t.Errorf("got version %d before the picture is there and %d after", res.Spec.Version, spec.Version)
	}
}
