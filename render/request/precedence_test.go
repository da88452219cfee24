package request

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"darkroom/render/picture"
)

// The layers that may set a setting, the strongest first.
const (
	byOption = iota
	byFlag
	byPreset
	byPerson
	bySuffix
	byServer
	byCard
	byProgram // where nothing else sets it
)

var layerNames = [...]string{"option", "flag", "preset", "/prefer", "its suffix", "/settings", "card", "program"}

// layered is a setting with a value for each layer; "" where the layer cannot set it.
type layered struct {
	name   string
	values [byProgram + 1]string
	set    func(w *Wanted, value string)
	flag   string // "--ar "
	card   func(c *Card, value string)
	got    func(s picture.Spec) string
}

// layeredSettings are all settings that a preference may set.
func layeredSettings() []layered {
	whole := func(field func(*Wanted) **int) func(*Wanted, string) {
		return func(w *Wanted, v string) { *field(w) = new(number(v)) }
	}
	text := func(field func(*Wanted) **string) func(*Wanted, string) {
		return func(w *Wanted, v string) { *field(w) = &v }
	}
	size := func(s picture.Spec) string { return fmt.Sprintf("%dx%d", s.Width, s.Height) }
	return []layered{
		{"steps", [...]string{"11", "12", "13", "14", "15", "16", "17", "20"},
			whole(func(w *Wanted) **int { return &w.Steps }), "--steps ",
			func(c *Card, v string) { c.Defaults.Steps = number(v) },
			func(s picture.Spec) string { return fmt.Sprint(s.Steps) }},
		{"count", [...]string{"1", "2", "3", "4", "1", "2", "3", "4"},
			whole(func(w *Wanted) **int { return &w.Count }), "--count ",
			func(c *Card, v string) { c.Defaults.Count = number(v) },
			func(s picture.Spec) string { return fmt.Sprint(s.Count) }},
		{"guidance_scale", [...]string{"1", "2", "3", "4", "5", "6", "8", "7"},
			func(w *Wanted, v string) { w.GuidanceScale = new(float64(number(v))) }, "--cfg ",
			func(c *Card, v string) { c.Defaults.GuidanceScale = float64(number(v)) },
			func(s picture.Spec) string { return fmt.Sprint(s.GuidanceScale) }},
		{"sampler", [...]string{"ddim", "euler", "euler_a", "heun", "lms", "dpm2", "unipc", "dpmpp_2m_karras"},
			text(func(w *Wanted) **string { return &w.Sampler }), "--sampler ",
			func(c *Card, v string) { c.Defaults.Sampler = v }, func(s picture.Spec) string { return s.Sampler }},
		{"negative_prompt", [...]string{"o", "f", "p", "e", "u", "s", "c", ""},
			text(func(w *Wanted) **string { return &w.Negative }), "--no ",
			func(c *Card, v string) { c.Defaults.Negative = v }, func(s picture.Spec) string { return s.Negative }},
		{"size", [...]string{"64x512", "", "128x512", "192x512", "", "256x512", "320x512", "512x512"},
			text(func(w *Wanted) **string { return &w.Size }), "",
			func(c *Card, v string) { c.Defaults.Size, _ = ParseSize(v) }, size},
		{"aspect_ratio", [...]string{"1:1", "3:1", "1:3", "2:1", "1:2", "3:2", "", "1:1"},
			text(func(w *Wanted) **string { return &w.Aspect }), "--ar ", nil, func(s picture.Spec) string {
				return map[string]string{"512x512": "1:1", "896x320": "3:1", "320x896": "1:3", "704x384": "2:1", "384x704": "1:2",
					"640x448": "3:2"}[size(s)]
			}},
		{"clip_skip", [...]string{"2", "3", "4", "5", "6", "7", "", "0"},
			whole(func(w *Wanted) **int { return &w.ClipSkip }), "--clip-skip ", nil,
			func(s picture.Spec) string { return fmt.Sprint(s.ClipSkip) }},
		{"notation", [...]string{"midjourney", "a1111", "midjourney", "a1111", "midjourney", "a1111", "", "a1111"},
			text(func(w *Wanted) **string { return &w.Notation }), "--notation ", nil,
			func(s picture.Spec) string { return string(s.Notation) }},
		{"emphasis", [...]string{"no_norm", "original", "no_norm", "original", "no_norm", "original", "", "original"},
			text(func(w *Wanted) **string { return &w.Emphasis }), "--emphasis ", nil, func(s picture.Spec) string {
				return map[picture.Emphasis]string{picture.EmphasisNoNorm: "no_norm", "": "original"}[s.Emphasis]
			}},
		{"hires", [...]string{"1.25", "1.5", "1.75", "2", "2.25", "2.5", "", ""},
			func(w *Wanted, v string) { f, _ := strconv.ParseFloat(v, 64); w.Hires = &f }, "--hires ", nil,
			func(s picture.Spec) string {
				if s.Hires == nil {
					return ""
				}
				return fmt.Sprint(s.Hires.Scale)
			}},
		{"vae", [...]string{"v0", "v1", "v2", "v3", "v4", "v5", "", ""},
			text(func(w *Wanted) **string { return &w.VAE }), "--vae ", nil, func(s picture.Spec) string {
				if s.VAE == nil {
					return ""
				}
				return s.VAE.Name
			}},
		{"model", [...]string{"m0", "", "m2", "m3", "", "m5", "", "first"},
			text(func(w *Wanted) **string { return &w.Model }), "", nil, func(s picture.Spec) string { return s.Model.Name }},
		{"tile", [...]string{"no", "yes", "no", "no", "yes", "yes", "", "no"},
			func(w *Wanted, v string) { w.Tiling = new(v == "yes") }, "--tile", nil, func(s picture.Spec) string {
				return map[bool]string{true: "yes", false: "no"}[s.Tiling]
			}},
	}
}

func number(text string) int { n, _ := strconv.Atoi(text); return n }

// ofFewValues adds settings of few values once for each way to tell the layers apart: by the first bit of their number,
// by the second, and by the third. What a flag can say alone, and what the program says, stays.
func ofFewValues(all []layered) (more []layered) {
	for _, l := range all {
		first, second := l.values[byOption], l.values[byFlag]
		for bit := range 3 {
			for layer := range byProgram {
				fixed := l.name == "tile" && (layer == byFlag || layer == bySuffix)
				if l.values[layer] != "" && !fixed {
					l.values[layer] = [...]string{first, second}[layer>>bit&1]
				}
			}
			more = append(more, l)
		}
	}
	return more
}

// setIn gives a request, or the card, the value of a layer.
func (l layered) setIn(layer int, w *Wanted, c *Card) {
	value := l.values[layer]
	flag := " " + l.flag
	if l.flag != "--tile" {
		flag += strings.ReplaceAll(value, "_", "-")
	}
	if l.name == "sampler" {
		flag = " " + l.flag + value
	}
	switch layer {
	case byOption:
		l.set(w, value)
	case byFlag:
		w.Prompt += flag
	case byPreset:
		l.set(&w.Preset.Settings, value)
	case byPerson:
		l.set(&w.Preferences[0].Settings, value)
	case bySuffix:
		w.Preferences[0].Suffix += flag
	case byServer:
		l.set(&w.Preferences[1].Settings, value)
	case byCard:
		l.card(c, value)
	}
}

// TestPrecedence holds the order of everything that may decide a setting, for every pair of layers and each alone.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	few := map[string]bool{"count": true, "notation": true, "emphasis": true, "tile": true}
	all := layeredSettings()
	all = append(all, ofFewValues(slices.DeleteFunc(slices.Clone(all), func(l layered) bool { return !few[l.name] }))...)
	for _, l := range all {
		for strong := byOption; strong <= byProgram; strong++ {
			for weak := strong; weak <= byProgram; weak++ {
				if l.cannot(strong) || l.cannot(weak) {
					continue
				}
				t.Run(l.name+" by "+layerNames[strong]+" and "+layerNames[weak], func(t *testing.T) {
					t.Parallel()
					l.check(t, strong, weak)
				})
			}
		}
	}
}

// cannot tells whether a layer cannot set the setting. The program can always.
func (l layered) cannot(layer int) bool { return layer != byProgram && l.values[layer] == "" }

func (l layered) check(t *testing.T, strong, weak int) {
	first := Card{Name: "first", Hash: "00", Samplers: []string{
		"dpmpp_2m_karras", "ddim", "euler", "euler_a", "heun", "lms", "dpm2", "unipc",
	}}
	w := Wanted{Prompt: "a boat", Preset: &Preset{}, Preferences: []Preference{{From: FromPerson}, {From: FromServer}}}
	l.setIn(strong, &w, &first)
	if weak != strong {
		l.setIn(weak, &w, &first)
	}
	available := Available{Models: []Card{first}}
	for i := range 6 {
		other := first
		other.Name, other.Hash = fmt.Sprint("m", i), fmt.Sprint("0", i+1)
		available.Models = append(available.Models, other)
		available.Addons = append(available.Addons, AddonCard{
			Kind: picture.VAE, Name: fmt.Sprint("v", i), Hash: strings.Repeat(fmt.Sprint(i), 64),
		})
	}
	got, refusal := Resolve(w, available, 1)
	if refusal != nil {
		t.Fatal(refusal)
	}
	want := l.values[strong]
	if l.name == "negative_prompt" && strong == byFlag && weak == bySuffix {
		want = "f, u" // all --no flags count, as those of one prompt do
	}
	if v := l.got(got.Spec); v != want {
		t.Errorf("got %q, want %q", v, want)
	}
	from := map[int]Source{byPreset: FromPreset, byPerson: FromPerson, bySuffix: FromPerson, byServer: FromServer}[strong]
	for _, o := range got.Origins {
		if o.From != from || len(o.Settings) != 1 || o.Settings[0] != l.name {
			t.Errorf("origins: got %v, want %q by %q alone", got.Origins, l.name, from)
		}
	}
	if (len(got.Origins) == 1) != (from != "") {
		t.Errorf("origins: got %v, want one by %q", got.Origins, from)
	}
	if notes := len(got.Notes); notes > 0 && strong != byOption {
		t.Errorf("notes: got %q, want none", got.Notes)
	}
}
