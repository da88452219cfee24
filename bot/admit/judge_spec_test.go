package admit

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestUnknownWords(t *testing.T) {
	t.Parallel()
	got, no := Judge(request(Wanted{Prompt: "a (RED:1.2) zebra in the night, Boat"}), postcards(), Policy{}, 1)
	if no != nil || !reflect.DeepEqual(got.UnknownWords, []string{"zebra"}) || len(got.Examples) != 3 {
		t.Errorf("got %q with %q, %v; want zebra with three examples", got.UnknownWords, got.Examples, no)
	}
	if got, _ := Judge(request(Wanted{Prompt: "a zebra"}), anySize(), Policy{}, 1); got.UnknownWords != nil {
		t.Errorf("a model without a word list: got %q, want none unknown", got.UnknownWords)
	}
}

func TestJudgeRemixKeepsUnsaid(t *testing.T) {
	t.Parallel()
	base, _ := Judge(request(Wanted{Prompt: "red boat", Size: ptr("160x112"), Steps: ptr(7), Count: ptr(1), Negative: ptr("fog"), Sampler: ptr("ddim")}), postcards(), Policy{}, 5)
	spec := base.Spec.Vary(8, 0.5, 1)
	spec.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
	spec.Init = &picture.Init{Picture: picture.Input{SHA256: hashA, Width: 8, Height: 8}, Strength: 0.5}
	got, no := JudgeRemix(request(Wanted{Prompt: "night sky --steps 9"}), postcards(), Policy{}, spec, 77)
	want := base.Spec
	want.Prompt, want.Steps, want.Seed, want.Init = "night sky", 9, 77, spec.Init
	if no != nil || !reflect.DeepEqual(got.Spec, want) {
		t.Errorf("got %+v, %v; want %+v", got.Spec, no, want)
	}
}

// A notation that somebody chose stays with the words of a remix; one that was told from the words is told anew.
func TestJudgeRemixNotation(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first    string
		chosen   *string
		remix    string
		notation picture.Notation
	}{
		"told anew":              {"red boat", nil, "red:: boat", picture.NotationMidjourney},
		"and back":               {"red:: boat", nil, "red boat", picture.NotationA1111},
		"chosen stays":           {"red:: boat", ptr("a1111"), "night:: sky", picture.NotationA1111},
		"the other stays, too":   {"red boat", ptr("midjourney"), "night sky", picture.NotationMidjourney},
		"one that was told both": {"red:: boat", ptr("midjourney"), "night:: sky", picture.NotationMidjourney},
	} {
		base, _ := Judge(request(Wanted{Prompt: tt.first, Notation: tt.chosen}), postcards(), Policy{}, 5)
		got, no := JudgeRemix(request(Wanted{Prompt: tt.remix}), postcards(), Policy{}, base.Spec, 6)
		if no != nil || got.Spec.Notation != tt.notation {
			t.Errorf("%s: got %s, %v, want %s", name, got.Spec.Notation, no, tt.notation)
		}
	}
}

func TestJudgeSpec(t *testing.T) {
	t.Parallel()
	base, _ := Judge(request(Wanted{Prompt: "red boat", Size: ptr("176x96")}), postcards(), Policy{}, 5)
	t.Run("what was allowed then is judged anew", func(t *testing.T) {
		t.Parallel()
		got, no := JudgeSpec(request(Wanted{}), postcards(), Policy{MaxSteps: 3}, base.Spec, true)
		if no != nil || got.Spec.Steps != 3 || !got.Spoiler || len(got.Notes) != 1 {
			t.Errorf("got %+v, %v; want 3 steps and a note", got, no)
		}
		if _, no := JudgeSpec(request(Wanted{}), postcards(), Policy{Paused: true}, base.Spec, false); no == nil {
			t.Error("a click while paused is not refused")
		}
	})
	t.Run("a model that is gone is replaced, and that is said", func(t *testing.T) {
		t.Parallel()
		got, no := JudgeSpec(request(Wanted{}), anySize(), Policy{}, base.Spec, false)
		if no != nil || got.Spec.Model.Hash != hashB || got.Spec.Sampler != "dpmpp_2m_karras" || len(got.Notes) != 1 {
			t.Errorf("got %+v, %v; want the other model with a sampler it has", got, no)
		}
	})
	t.Run("an upscale by a model of one size is refused", func(t *testing.T) {
		t.Parallel()
		s := base.Spec
		s.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
		o := postcards()
		o.Models[0].Hires = ptr(false)
		if _, no := JudgeSpec(request(Wanted{}), o, Policy{}, s, false); no == nil || !strings.Contains(no.Sentence, "cannot enlarge") {
			t.Errorf("got %v, want a refusal", no)
		}
		o.Models[0].Hires = ptr(true)
		if _, no := JudgeSpec(request(Wanted{}), o, Policy{}, s, false); no != nil {
			t.Errorf("a model that enlarges: got %v, want it allowed", no)
		}
	})
	t.Run("a model that is gone leaves a size that the other one takes", func(t *testing.T) {
		t.Parallel()
		if got, no := JudgeSpec(request(Wanted{}), anySize(), Policy{}, base.Spec, false); no != nil || got.Spec.Width%64 != 0 || got.Spec.Height%64 != 0 {
			t.Errorf("got %+v, %v; want multiples of 64", got, no)
		}
	})
	t.Run("the steps of an upscale are held to the server's limit too", func(t *testing.T) {
		t.Parallel()
		s := base.Spec
		s.Hires = &picture.Hires{Scale: 2, Steps: 100, Strength: 0.5}
		got, no := JudgeSpec(request(Wanted{}), postcards(), Policy{MaxSteps: 10}, s, false)
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
		if _, no := JudgeSpec(request(Wanted{}), postcards(), Policy{MaxPixels: 176 * 96 * 3}, s, false); no == nil || !strings.Contains(no.Sentence, "Enlarged") {
			t.Errorf("got %v, want a refusal", no)
		}
		if _, no := JudgeSpec(request(Wanted{}), postcards(), Policy{MaxPixels: 176 * 96 * 4}, s, false); no != nil {
			t.Errorf("got %v, want it allowed", no)
		}
	})
}

func TestCheckQuota(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		policy Policy
		usage  Usage
		n      int
		says   string
	}{
		{"no limits", Policy{}, Usage{Waiting: 1000, Running: 1000, Day: 1000}, 4, ""},
		{"exactly up to the waiting limit", Policy{WaitingPerUser: 8}, Usage{Waiting: 4}, 4, ""},
		{"one over the waiting limit", Policy{WaitingPerUser: 8}, Usage{Waiting: 5}, 4, "8 pictures waiting per person; you have 5 waiting"},
		{"more at once than may wait at all", Policy{WaitingPerUser: 3}, Usage{Running: 2}, 4, "Ask for at most 3 pictures at once."},
		{"what is painted does not wait", Policy{WaitingPerUser: 4}, Usage{Running: 4}, 4, ""},
		{"running is the queue's to limit", Policy{RunningPerUser: 1}, Usage{Running: 4}, 4, ""},
		{"exactly up to the day's limit", Policy{PerUserDay: 10}, Usage{Day: 6}, 4, ""},
		{"one over the day's limit", Policy{PerUserDay: 10}, Usage{Day: 7}, 4, "You can still ask for 3."},
		{"nothing left of the day", Policy{PerUserDay: 1}, Usage{Day: 9}, 1, "None are left for now."},
		{"paused without a reason", Policy{Paused: true}, Usage{}, 1, "Painting is paused in this server."},
	} {
		no := CheckQuota(c.policy, c.usage, c.n)
		if (no == nil) != (c.says == "") || no != nil && !strings.Contains(no.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", c.name, no, c.says)
		}
	}
}

func TestModelCard(t *testing.T) {
	t.Parallel()
	var m Model
	err := json.Unmarshal([]byte(`{"name":"p","words":{"b":["red"],"a":["boat","night sky"]},"sizes":[{"width":96,"height":176}],
		"defaults":{"width":96,"height":176,"steps":20,"guidance":4.5,"sampler":"ddim"},"examples":["x"],"samplers":["ddim"]}`), &m)
	if err != nil || !reflect.DeepEqual(m.Words, Words{"boat", "night sky", "red"}) || m.Defaults.Width != 96 || m.Defaults.GuidanceScale != 4.5 || m.Examples[0] != "x" {
		t.Errorf("got %+v, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`{"words":7}`), &m); err == nil {
		t.Error("words that are no list: want an error")
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("a boat --ar 3:2", "512x512", "3:2", int64(1), 20, 7.5, 4)
	f.Add("--ar 0:0 --seed -1", "0x0", ":", int64(-1), -1, -1., 0)
	f.Fuzz(func(t *testing.T, text, size, aspect string, seed int64, steps int, guidance float64, count int) {
		for _, o := range []Available{postcards(), anySize(), multiplesOf(16)(), multiplesOf(136)()} {
			r := request(Wanted{Prompt: text, Size: &size, Aspect: &aspect, Seed: &seed, Steps: &steps, GuidanceScale: &guidance, Count: &count})
			got, no := Judge(r, o, Policy{MaxSteps: 50, MaxPixels: 300000}, 1)
			if no != nil {
				continue
			}
			if err := got.Spec.Validate(); err != nil {
				t.Errorf("an order that is no valid Spec: %v", err)
			}
			if m := (Size{got.Spec.Width, got.Spec.Height}); !o.Models[0].withDefaults().supports(m) {
				t.Errorf("a size that the model does not take: %v", m)
			}
			if got.Spec.Steps > 50 || got.Spec.Width*got.Spec.Height > 300000 {
				t.Errorf("limits not kept: %+v", got.Spec)
			}
		}
	})
}

func TestJudgeOutpaint(t *testing.T) {
	t.Parallel()
	base, _ := Judge(request(Wanted{Prompt: "red boat", Size: ptr("176x96")}), postcards(), Policy{}, 5)
	from := InitImage{File: Attachment{ID: "1", URL: "https://x", ContentType: "image/png", Size: 1000, Width: 176, Height: 96}, Strength: 0.8}
	half := func(w, h int) picture.Placement {
		return picture.Placement{X: w / 4, Y: h / 4, Width: w / 2, Height: h / 2}
	}
	t.Run("the place is on the canvas that is painted", func(t *testing.T) {
		t.Parallel()
		got, no := JudgeOutpaint(request(Wanted{}), postcards(), Policy{}, base.Spec, from, half, true)
		want := InitImage{File: from.File, Strength: 0.8, Place: &picture.Placement{X: 44, Y: 24, Width: 88, Height: 48}}
		if no != nil || !got.Spoiler || !reflect.DeepEqual(*got.PendingInit, want) {
			t.Errorf("got %+v, %v; want %+v", got.PendingInit, no, want)
		}
	})
	t.Run("also where a limit or another model changes its size", func(t *testing.T) {
		t.Parallel()
		o := anySize()
		o.Models[0].ImageToImage = true
		got, no := JudgeOutpaint(request(Wanted{}), o, Policy{}, base.Spec, from, half, false)
		if no != nil || got.PendingInit.Place.Width*2 != got.Spec.Width || got.Spec.Width == 176 {
			t.Errorf("got %+v on %d×%d, %v", got.PendingInit, got.Spec.Width, got.Spec.Height, no)
		}
	})
	t.Run("a model that cannot start from a picture refuses", func(t *testing.T) {
		t.Parallel()
		o := postcards()
		o.Models[0].ImageToImage = false
		if _, no := JudgeOutpaint(request(Wanted{}), o, Policy{}, base.Spec, from, half, false); no == nil || !strings.Contains(no.Sentence, "cannot start") || no.Hint != "" {
			t.Errorf("got %+v, want a refusal that does not speak of an option", no)
		}
	})
	t.Run("and so does a server that is paused", func(t *testing.T) {
		t.Parallel()
		if _, no := JudgeOutpaint(request(Wanted{}), postcards(), Policy{Paused: true}, base.Spec, from, half, false); no == nil {
			t.Error("it was not refused")
		}
	})
}
