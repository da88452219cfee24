package admit

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/bot/command"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store/limits"
)

var hashA, hashB = strings.Repeat("a", 64), strings.Repeat("b", 64)

func size(w, h int) request.Size { return request.Size{Width: w, Height: h} }

func postcards() request.Available {
	return request.Available{Models: []request.Card{{
		Name: "postcards", Hash: hashA, Sizes: []request.Size{size(128, 128), size(160, 112), size(112, 160), size(176, 96),
			size(96, 176)},
		Samplers: []string{"ddim", "euler_a"}, Words: request.Words{"boat", "red", "night sky"},
		Examples: []string{"a red boat", "two", "three", "four"}, ImageToImage: true,
		Defaults: request.Defaults{Size: size(128, 128), Steps: 20, GuidanceScale: 4.5, Sampler: "euler_a"},
	}}}
}

func anySize() request.Available {
	return request.Available{
		Models: []request.Card{{Name: "sd15", Hash: hashB, Samplers: []string{"ddim", "dpmpp_2m_karras"}}},
	}
}

// multiplesOf offers a model of any size whose sides are multiples of m.
func multiplesOf(m int) request.Available {
	o := anySize()
	o.Models[0].Multiple = m
	return o
}

func asks(w request.Wanted) command.Request {
	return command.Request{Place: command.Place{Kind: "guild", BotPermissions: attachFiles}, Wanted: w}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	plain := picture.Spec{
		Version: picture.PlainVersion, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: "postcards", Hash: hashA}, Prompt: "red boat", Width: 128, Height: 128, Seed: 42, Count: 4,
		Steps: 20, GuidanceScale: 4.5, Sampler: "euler_a",
	}
	boat := request.Wanted{Prompt: "red boat"}
	for name, c := range map[string]struct {
		want    request.Wanted
		policy  limits.Policy
		none    bool                // no model is available
		spec    func(*picture.Spec) // how the Spec differs from the plain one
		notes   []string            // parts of the notes, in order
		refused string              // part of the refusal
	}{
		"no limits":       {want: boat},
		"a limit of zero": {want: boat, policy: limits.Policy{}},
		"a pause, its reason": {want: boat, policy: limits.Policy{Paused: true, PauseReason: "moving house"},
			refused: "This server is paused: moving house"},
		"a server's limits clamp": {
			want:   request.Wanted{Prompt: "red boat", Size: new("160x112")},
			policy: limits.Policy{MaxSteps: 8, MaxCount: 1, MaxPixels: 16500},
			spec:   func(s *picture.Spec) { s.Steps, s.Count, s.Width, s.Height = 8, 1, 128, 128 },
			notes:  []string{"Steps lowered to 8", "Lowered to 1 image", "from 160×112 to 128×128"},
		},
		"a limit below every size": {want: boat, policy: limits.Policy{MaxPixels: 100},
			refused: "no size that is small enough: this server allows at most 100 pixels"},
		"no model":        {want: boat, none: true, refused: "No renderer is ready"},
		"an empty prompt": {want: request.Wanted{Prompt: "  "}, refused: "The prompt is empty"},
		"a prompt that nobody can see": {
			want: request.Wanted{Prompt: "\u200b\u2060 \ufeff\u200d\ufe0f\u3164 --seed 4"}, refused: "The prompt is empty",
		},
		"a prompt of only tags": {want: request.Wanted{Prompt: " <lora:ink:0>"}, refused: "The prompt is empty"},
		"a prompt of only flags": {want: request.Wanted{Prompt: "--seed 3"},
			refused: "For example: /imagine prompt: a red boat"},
		"what the resolver refuses": {want: request.Wanted{Prompt: "red boat", Sampler: new("heun")},
			refused: "Unknown sampler"},
		"a pause goes before it all": {
			want: request.Wanted{}, policy: limits.Policy{Paused: true}, none: true, refused: "paused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			available := postcards()
			if c.none {
				available = request.Available{}
			}
			got, no := Judge(asks(c.want), available, c.policy, 42)
			if c.refused != "" {
				if no == nil || !strings.Contains(no.Error(), c.refused) {
					t.Fatalf("refusal: got %v, want %q in it", no, c.refused)
				}
				return
			}
			if no != nil {
				t.Fatalf("refused: %v", no)
			}
			want := plain
			if c.spec != nil {
				c.spec(&want)
			}
			if !reflect.DeepEqual(got.Spec, want) {
				t.Errorf("spec:\ngot  %+v\nwant %+v", got.Spec, want)
			}
			if len(got.Notes) != len(c.notes) {
				t.Fatalf("notes: got %q, want %d", got.Notes, len(c.notes))
			}
			for i, n := range c.notes {
				if !strings.Contains(got.Notes[i].String(), n) {
					t.Errorf("note %d: got %q, want %q in it", i, got.Notes[i].String(), n)
				}
			}
		})
	}
}

func TestJudgeSamplerOfTooManySteps(t *testing.T) {
	t.Parallel()
	for d, asked := range map[picture.Dialect]struct {
		sampler string
		most    int
	}{picture.Diffusers: {"euler_ays", 8}, picture.A1111: {"unipc", 2}} {
		o := postcards()
		o.Models[0].Dialect, o.Models[0].Samplers = d, []string{"euler_a", asked.sampler}
		_, no := Judge(
			asks(request.Wanted{Prompt: "red boat", Sampler: &asked.sampler}), o, limits.Policy{MaxSteps: asked.most}, 5,
		)
		if no == nil || !strings.Contains(no.Error(), "this server allows at most") {
			t.Errorf("%s with at most %d steps: got %v, want a refusal", asked.sampler, asked.most, no)
		}
	}
}

func TestJudgeWithoutPreferences(t *testing.T) {
	t.Parallel()
	o := postcards()
	o.Models[0].Samplers = append(o.Models[0].Samplers, "euler_ays")
	w := request.Wanted{
		Prompt: "red boat", Tiles: []request.Wanted{{Prompt: "night sky"}, {Prompt: "boat"}, {Prompt: "red"}},
		Preferences: []request.Preference{{
			From: request.FromPerson, Settings: request.Wanted{Sampler: new("euler_ays"), Count: new(2)},
		}},
	}
	for i := range w.Tiles {
		w.Tiles[i].Preferences = w.Preferences
	}
	policy := limits.Policy{MaxSteps: 8}
	got, no := Judge(asks(w), o, policy, 5)
	if no != nil {
		t.Fatalf("refused: %v", no)
	}
	why := got.Notes[len(got.Notes)-1].String()
	if s := got.Spec; s.Sampler != "euler_a" || s.Count != 4 || len(got.Notes) != 2 ||
		!strings.HasPrefix(why, "What /prefer and /settings set was left out. ") ||
		!strings.Contains(why, "this server allows at most 8") {
		t.Errorf("got %s, %d images, %q, want the model's own settings and why", s.Sampler, s.Count, got.Notes)
	}
	o = anySize()
	w = request.Wanted{Prompt: "boat", Preferences: []request.Preference{{
		From: request.FromPerson, Settings: request.Wanted{Count: new(2)}, Suffix: "--hires 2",
	}}}
	got, no = Judge(asks(w), o, limits.Policy{MaxPixels: 512 * 512}, 5)
	if no != nil || got.Spec.Hires != nil || got.Spec.Count != 2 || len(got.Notes) != 1 {
		t.Errorf("a second pass that is too large: got %+v, %q, %v, want it left out alone", got.Spec, got.Notes, no)
	}
	policy.Paused = true
	if _, no := Judge(asks(w), o, policy, 5); no == nil || !strings.Contains(no.Error(), "paused") {
		t.Errorf("a pause: got %v, want a refusal", no)
	}
	w.Preferences[0].Settings.Sampler, w.Preferences[0].Suffix = new("ddim"), ""
	if got, no := Judge(asks(w), o, limits.Policy{}, 5); no != nil || got.Spec.Sampler != "ddim" || got.Spec.Count != 2 {
		t.Errorf("got %+v, %v, want what the person wants", got.Spec, no)
	}
}

func TestJudgeRemix(t *testing.T) {
	t.Parallel()
	base, _ := Judge(asks(request.Wanted{Prompt: "red boat", Count: new(4)}), postcards(), limits.Policy{}, 5)
	sky := asks(request.Wanted{Prompt: "night sky"})
	got, no := JudgeRemix(sky, postcards(), limits.Policy{MaxCount: 2}, base.Spec, 9, 0)
	if no != nil || got.Spec.Prompt != "night sky" || got.Spec.Seed != 9 || got.Spec.Count != 2 || len(got.Notes) != 1 {
		t.Errorf("got %+v, %v, want new words, a new seed, two pictures and a note", got, no)
	}
	if _, no := JudgeRemix(asks(request.Wanted{}), postcards(), limits.Policy{}, base.Spec, 9, 0); no == nil ||
		!strings.Contains(no.Sentence.String(), "is empty") {
		t.Errorf("no words: got %v, want a refusal", no)
	}
}

func TestJudgePlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		place command.Place
		may   bool
	}{
		{command.Place{Kind: "guild", BotPermissions: attachFiles}, true},
		{command.Place{Kind: "guild", BotPermissions: administrator}, true},
		{command.Place{Kind: "guild", BotPermissions: ^uint64(attachFiles | administrator)}, false},
		{command.Place{Kind: "thread"}, false},
		{command.Place{Kind: "dm"}, true},
	} {
		r := asks(request.Wanted{Prompt: "red boat"})
		r.Place = c.place
		if _, no := Judge(r, postcards(), limits.Policy{}, 1); (no == nil) != c.may {
			t.Errorf("%s with %x: got %v, want allowed %v", c.place.Kind, c.place.BotPermissions, no, c.may)
		}
	}
}

func TestJudgeOutpaint(t *testing.T) {
	t.Parallel()
	base, _ := Judge(asks(request.Wanted{Prompt: "red boat", Size: new("176x96")}), postcards(), limits.Policy{}, 5)
	from := request.Attachment{ID: "1", URL: "https://x", ContentType: "image/png", Size: 1000, Width: 176, Height: 96}
	half := func(size, _ request.Size) request.Canvas {
		return request.Canvas{Size: size, Place: picture.Placement{
			X: size.Width / 4, Y: size.Height / 4, Width: size.Width / 2, Height: size.Height / 2,
		}}
	}
	t.Run("the place is on the canvas that is painted", func(t *testing.T) {
		t.Parallel()
		got, no := JudgeOutpaint(asks(request.Wanted{}), postcards(), limits.Policy{}, base.Spec, from, half, true)
		want := request.InitImage{
			File:     from,
			Strength: 0.8,
			Place:    &picture.Placement{X: 44, Y: 24, Width: 88, Height: 48},
			Window:   &picture.Size{Width: 176, Height: 96},
		}
		if no != nil || !got.Spoiler || !reflect.DeepEqual(*got.PendingInit, want) {
			t.Errorf("got %+v, %v; want %+v", got.PendingInit, no, want)
		}
	})
	t.Run("also where a limit or another model changes its size", func(t *testing.T) {
		t.Parallel()
		o := anySize()
		o.Models[0].ImageToImage = true
		got, no := JudgeOutpaint(asks(request.Wanted{}), o, limits.Policy{}, base.Spec, from, half, false)
		if no != nil || got.PendingInit.Place.Width*2 != got.Spec.Width || got.Spec.Width == 176 {
			t.Errorf("got %+v on %d×%d, %v", got.PendingInit, got.Spec.Width, got.Spec.Height, no)
		}
	})
	t.Run("a canvas larger than the server allows is refused", func(t *testing.T) {
		t.Parallel()
		wider := func(size, _ request.Size) request.Canvas {
			at := picture.Placement{Width: size.Width, Height: size.Height}
			size.Width += 88
			return request.Canvas{Size: size, Place: at}
		}
		policy := limits.Policy{MaxPixels: 176 * 96}
		if _, no := JudgeOutpaint(asks(request.Wanted{}), postcards(), policy, base.Spec, from, half, false); no != nil {
			t.Errorf("within the limit: got %v", no)
		}
		_, no := JudgeOutpaint(asks(request.Wanted{}), postcards(), policy, base.Spec, from, wider, false)
		if no == nil || !strings.Contains(no.Sentence.String(), "Too large to extend") {
			t.Errorf("got %v, want a refusal", no)
		}
	})
	t.Run("a model that cannot start from a picture refuses", func(t *testing.T) {
		t.Parallel()
		o := postcards()
		o.Models[0].ImageToImage = false
		if _, no := JudgeOutpaint(asks(request.Wanted{}), o, limits.Policy{}, base.Spec, from, half, false); no == nil ||
			!strings.Contains(no.Sentence.String(), "cannot start") ||
			no.Hint.String() != "" {
			t.Errorf("got %+v, want a refusal that does not speak of an option", no)
		}
	})
	t.Run("and so does a server that is paused", func(t *testing.T) {
		t.Parallel()
		if _, no := JudgeOutpaint(asks(request.Wanted{}), postcards(), limits.Policy{Paused: true}, base.Spec, from, half,
			false); no == nil {
			t.Error("it was not refused")
		}
	})
}

func TestJudgeSpec(t *testing.T) {
	t.Parallel()
	base, _ := Judge(asks(request.Wanted{Prompt: "red boat", Size: new("176x96")}), postcards(), limits.Policy{}, 5)
	t.Run("what was allowed then is judged again", func(t *testing.T) {
		t.Parallel()
		got, no := JudgeSpec(asks(request.Wanted{}), postcards(), limits.Policy{MaxSteps: 3}, base.Spec, true)
		if no != nil || got.Spec.Steps != 3 || !got.Spoiler || len(got.Notes) != 1 {
			t.Errorf("got %+v, %v; want 3 steps and a note", got, no)
		}
		if _, no := JudgeSpec(asks(request.Wanted{}), postcards(), limits.Policy{Paused: true}, base.Spec, false); no == nil {
			t.Error("a click while paused is not refused")
		}
	})
	t.Run("the steps of an upscale are held to the server's limit too", func(t *testing.T) {
		t.Parallel()
		s := base.Spec
		s.Hires = &picture.Hires{Scale: 2, Steps: 100, Strength: 0.5}
		got, no := JudgeSpec(asks(request.Wanted{}), postcards(), limits.Policy{MaxSteps: 10}, s, false)
		if no != nil || got.Spec.Steps != 10 || got.Spec.Hires.Steps != 10 || len(got.Notes) != 2 {
			t.Errorf("got %+v, %v; want 10 steps in both passes and two notes", got, no)
		}
		if s.Hires.Steps != 100 {
			t.Error("the Spec that was shown was changed")
		}
	})
	t.Run("an upscale counts with its final size", func(t *testing.T) {
		t.Parallel()
		s := base.Spec
		s.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
		if _, no := JudgeSpec(
			asks(request.Wanted{}), postcards(), limits.Policy{MaxPixels: 176 * 96 * 3}, s, false,
		); no == nil ||
			!strings.Contains(no.Sentence.String(), "Too large to upscale") {
			t.Errorf("got %v, want a refusal", no)
		}
		if _, no := JudgeSpec(
			asks(request.Wanted{}), postcards(), limits.Policy{MaxPixels: 176 * 96 * 4}, s, false,
		); no != nil {
			t.Errorf("got %v, want it allowed", no)
		}
	})
}

func FuzzJudge(f *testing.F) {
	f.Add("a boat --ar 3:2", "512x512", "3:2", int64(1), 20, 7.5, 4)
	f.Add("--ar 0:0 --seed -1", "0x0", ":", int64(-1), -1, -1., 0)
	f.Fuzz(func(t *testing.T, text, size, aspect string, seed int64, steps int, guidance float64, count int) {
		for _, o := range []request.Available{postcards(), anySize(), multiplesOf(16), multiplesOf(136)} {
			r := asks(
				request.Wanted{
					Prompt:        text,
					Size:          &size,
					Aspect:        &aspect,
					Seed:          &seed,
					Steps:         &steps,
					GuidanceScale: &guidance,
					Count:         &count,
				},
			)
			got, no := Judge(r, o, limits.Policy{MaxSteps: 50, MaxPixels: 300000}, 1)
			if no != nil {
				continue
			}
			if err := got.Spec.Validate(); err != nil {
				t.Errorf("an order that is no valid Spec: %v", err)
			}
			if m := (request.Size{Width: got.Spec.Width, Height: got.Spec.Height}); !o.Models[0].WithDefaults().Supports(m) {
				t.Errorf("a size that the model does not take: %v", m)
			}
			if got.Spec.Steps > 50 || got.Spec.Width*got.Spec.Height > 300000 {
				t.Errorf("limits not kept: %+v", got.Spec)
			}
		}
	})
}

// TestJudgeAgeRestricted: what is marked as NSFW may be used in age-restricted channels only, whatever asks for it.
func TestJudgeAgeRestricted(t *testing.T) {
	t.Parallel()
	o := postcards()
	o.Addons = []request.AddonCard{{Kind: picture.LoRA, Name: "bare", Hash: hashB, NSFW: true}}
	ask := asks(request.Wanted{Prompt: "red boat <lora:bare:1>"})
	ask.Place.AgeRestricted = true
	res, no := Judge(ask, o, limits.Policy{}, 5)
	if no != nil || len(res.Spec.Addons) != 1 {
		t.Fatalf("got %+v, %v", res.Spec.Addons, no)
	}
	elsewhere := ask
	elsewhere.Place.AgeRestricted = false
	layout := func(picture, _ request.Size) request.Canvas { return request.Canvas{Size: picture} }
	for name, judge := range map[string]func(command.Request) (request.Resolved, *request.Refusal){
		"a new image": func(r command.Request) (request.Resolved, *request.Refusal) {
			return Judge(r, o, limits.Policy{}, 5)
		},
		"a remix": func(r command.Request) (request.Resolved, *request.Refusal) {
			return JudgeRemix(r, o, limits.Policy{}, res.Spec, 5, 0)
		},
		"a reroll": func(r command.Request) (request.Resolved, *request.Refusal) {
			return JudgeSpec(r, o, limits.Policy{}, res.Spec, false)
		},
		"an upscale": func(r command.Request) (request.Resolved, *request.Refusal) {
			return JudgeUpscale(r, o, limits.Policy{}, res.Spec, request.WantedUpscale{By: 2}, false)
		},
		"a pan": func(r command.Request) (request.Resolved, *request.Refusal) {
			return JudgeOutpaint(r, o, limits.Policy{}, res.Spec, request.Attachment{}, layout, false)
		},
	} {
		if _, no := judge(ask); no != nil {
			t.Errorf("%s: got %v, want none in an age-restricted channel", name, no)
		}
		if _, no := judge(elsewhere); no == nil || !strings.Contains(no.Sentence.String(), "age-restricted channels only") {
			t.Errorf("%s: got %v, want a refusal elsewhere", name, no)
		}
	}
}

func TestJudgeRefusesWhatNoRendererHas(t *testing.T) {
	t.Parallel()
	base, refusal := Judge(asks(request.Wanted{Prompt: "red boat"}), postcards(), limits.Policy{}, 42)
	if refusal != nil {
		t.Fatal(refusal)
	}
	spec := base.Spec
	spec.Addons = []picture.Addon{{Kind: picture.LoRA, Name: "ink", Hash: hashB, Strength: 1}}
	_, refusal = JudgeSpec(asks(request.Wanted{}), postcards(), limits.Policy{}, spec, false)
	if refusal == nil || !strings.HasPrefix(refusal.Sentence.String(), "No renderer has the LoRA “ink” now.") {
		t.Errorf("got %v, want a refusal that names the LoRA", refusal)
	}
	with := postcards()
	with.Addons = []request.AddonCard{{Kind: picture.LoRA, Name: "ink", Hash: hashB}}
	if _, refusal = JudgeSpec(asks(request.Wanted{}), with, limits.Policy{}, spec, false); refusal != nil {
		t.Errorf("refused what a renderer has: %v", refusal)
	}
}
