package message

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"darkroom/bot/language"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// JobInfo is a job whose settings are listed.
type JobInfo struct {
	ID      string
	Parent  string // the job that it was made from, or empty
	From    Link   // to the parent, if its message is known
	Made    []Link // to what was made from it, newest first
	More    bool   // there is more than Made lists
	Created time.Time
	Spec    picture.Spec
	Tile    int              // the tile that was asked about; 0 for all
	Millis  map[string]int64 // how long it took, by stage

	Guess  string              // what was concluded from the model's name, see request.Card
	Addons []request.AddonCard // what is known of add-ons

	Origins []request.Origin // what presets and defaults decided
}

// Info lists the settings. Prompt and negative prompt may be long: the attached file holds all of them.
func Info(l language.Language, i JobInfo) string {
	s := i.Spec
	lines := promptLines(l, s, i.Tile)
	lines = append(lines, l.Sprintf("**Size** %s", sizeText(l, s)), samplingText(l, s),
		l.Sprintf("**Seeds** %s", seedsText(s, i.Tile)))
	for _, v := range s.Variations {
		lines = append(lines, l.Sprintf("**Variation** seed %d, strength %g", v.Seed, v.Strength))
	}
	if n := s.Init; n != nil {
		size := fmt.Sprintf("%d×%d", n.Picture.Width, n.Picture.Height)
		lines = append(lines, l.Sprintf("**Start image** %s, strength %g", size, n.Strength))
		if p := n.Placement; p != nil {
			const placed = "**Placed** at %d, %d as %d×%d; the rest was generated around it"
			lines = append(lines, l.Sprintf(placed, p.X, p.Y, p.Width, p.Height))
		}
	}
	lines = append(lines, l.Sprintf("**Model** %s `%s`", Escape(s.Model.Name), shortHash(s.Model.Hash)))
	if i.Guess != "" {
		lines = append(lines, "-# "+Escape(l.Stored(i.Guess)))
	}
	if addons := addonsText(l, s, i.Addons); addons != "" {
		lines = append(lines, l.Sprintf("**Add-ons** %s", addons))
	}
	for _, o := range i.Origins {
		lines = append(lines, "-# "+originText(l, o))
	}
	if len(i.Millis) > 0 {
		lines = append(lines, l.Sprintf("**Time** %s", millisText(l, i.Millis)))
	}
	if i.Parent != "" || i.From != (Link{}) {
		lines = append(lines, l.Sprintf("**Made from** %s", i.parentText(l)))
	}
	last := fmt.Sprintf("-# %s · %s", i.ID, i.Created.UTC().Format("2006-01-02 15:04 MST"))
	room := MaxContent - utf8.RuneCountInString(strings.Join(append(lines, last), "\n"))
	if made := madeText(l, i.Made, i.More, room); made != "" {
		lines = append(lines, made)
	}
	return strings.Join(append(lines, last), "\n")
}

// samplingText says how the images were sampled.
func samplingText(l language.Language, s picture.Spec) string {
	sampler := Escape(encode.SamplerTitle(s.Sampler))
	return l.Sprintf("**Steps** %d, %s, guidance %g", s.Steps, sampler, s.GuidanceScale) + uncommonText(l, s)
}

// parentText is the link to what a job was made from, or its id.
func (i JobInfo) parentText(l language.Language) string {
	if i.From != (Link{}) {
		return i.From.text(l)
	}
	return "`" + i.Parent + "`"
}

// Link leads to the message of a job.
type Link struct {
	Verb                     string // what made the job
	Server, Channel, Message string // ids; the server is empty for a direct message
}

// text writes the link as Markdown.
func (k Link) text(l language.Language) string {
	return fmt.Sprintf("[%s](%s)", verbText(l, k.Verb), k.address())
}

// address is the link itself, which Discord shows as the channel's name.
func (k Link) address() string {
	to := fmt.Sprintf("https://discord.com/channels/%s/%s", cmp.Or(k.Server, "@me"), k.Channel)
	if k.Message == "" {
		return to
	}
	return to + "/" + k.Message
}

// verbText names what made a job. A verb of a newer program is shown as it is.
func verbText(l language.Language, verb string) string {
	switch verb {
	case "imagine":
		return l.Text("imagine")
	case "reroll":
		return l.Text("reroll")
	case "remix":
		return l.Text("remix")
	case "vary":
		return l.Text("vary")
	case "region":
		return l.Text("region")
	case "upscale":
		return l.Text("upscale")
	case "zoom":
		return l.Text("zoom")
	case "pan":
		return l.Text("pan")
	case "square":
		return l.Text("square")
	case "finish":
		return l.Text("finish")
	}
	return Escape(verb)
}

// madeText lists links as far as there is room for them, in characters.
func madeText(l language.Language, links []Link, more bool, room int) string {
	room -= 1 + max( // for a line break and what is around the links
		utf8.RuneCountInString(l.Sprintf("**Made of it** %s and more", "")),
		utf8.RuneCountInString(l.Sprintf("**Made of it** %s", "")),
	)
	text := ""
	for _, k := range links {
		next := k.text(l)
		if text != "" {
			next = " · " + next
		}
		if room -= utf8.RuneCountInString(next); room < 0 {
			more = text != ""
			break
		}
		text += next
	}
	switch {
	case text == "":
		return ""
	case more:
		return l.Sprintf("**Made of it** %s and more", text)
	}
	return l.Sprintf("**Made of it** %s", text)
}

// promptLines are the prompts: one pair for all tiles, that of one tile, or a pair for each where they differ.
func promptLines(l language.Language, s picture.Spec, tile int) (lines []string) {
	if tile > 0 && tile <= len(s.Tiles) {
		s = s.Tile(tile - 1)
	}
	each, share := []picture.TilePrompt{{Prompt: s.Prompt, Negative: s.Negative}}, 1
	if len(s.Tiles) > 0 {
		each, share = s.Tiles, picture.MaxCount
	}
	for n, t := range each {
		prompt, negative := Escape(Shorten(t.Prompt, 500/share)), Escape(Shorten(t.Negative, 300/share))
		if len(each) > 1 {
			lines = append(lines, l.Sprintf("**Prompt %d** %s", n+1, prompt))
		} else {
			lines = append(lines, l.Sprintf("**Prompt** %s", prompt))
		}
		switch {
		case t.Negative == "":
		case len(each) > 1:
			lines = append(lines, l.Sprintf("**Negative %d** %s", n+1, negative))
		default:
			lines = append(lines, l.Sprintf("**Negative** %s", negative))
		}
	}
	return lines
}

// uncommonText lists the sampling settings that most images leave at their defaults.
func uncommonText(l language.Language, s picture.Spec) string {
	var b strings.Builder
	if s.Rescale > 0 {
		b.WriteString(" " + l.Sprintf("rescaled by %g", s.Rescale))
	}
	if s.Stop > 0 {
		b.WriteString(", " + l.Sprintf("stopped at %d %%", s.Stop))
	}
	if s.Eta != nil {
		b.WriteString(", " + l.Sprintf("eta %g", *s.Eta))
	}
	if s.SeedDelta != 0 {
		b.WriteString(", " + l.Sprintf("ENSD %d", s.SeedDelta))
	}
	if z := s.SeedSize; z != nil {
		b.WriteString(", " + l.Sprintf("seed resized from %d×%d", z.Width, z.Height))
	}
	return b.String()
}

func sizeText(l language.Language, s picture.Spec) string {
	text := fmt.Sprintf("%d×%d", s.Width, s.Height)
	if h := s.Hires; h != nil {
		text += ", " + l.Count(h.Steps, "upscaled %g× with %d step and strength %g",
			"upscaled %g× with %d steps and strength %g", h.Scale, h.Steps, h.Strength)
	}
	if u := s.Upscale; u != nil {
		text += ", " + l.Sprintf("upscaled %g× by %s", u.Scale, upscalerText(l, s))
		if u.Strength > 0 {
			text += ", " + l.Count(u.Steps, "repainted in %d step with strength %g",
				"repainted in %d steps with strength %g", u.Steps, u.Strength)
		}
	}
	return text
}

// upscalerText names what enlarged the images.
func upscalerText(l language.Language, s picture.Spec) string {
	if s.Upscaler == nil {
		return "Lanczos"
	}
	if s.Upscaler.Name == s.Model.Name {
		return l.Sprintf("%s's network", Escape(s.Upscaler.Name))
	}
	return Escape(s.Upscaler.Name)
}

// seedsText lists the seed of each tile.
func seedsText(s picture.Spec, only int) string {
	var all []string
	for i := range s.Count {
		if only > 0 && only != i+1 && only <= s.Count {
			continue
		}
		h := s.Tile(i)
		seed := h.Seed
		if n := len(h.Variations); n > 0 {
			seed = h.Variations[n-1].Seed
		}
		all = append(all, fmt.Sprintf("%d: `%d`", i+1, seed))
	}
	return strings.Join(all, " · ")
}

// stages lists the stages of a job in their order.
var stages = [...]string{"load", "encode", "denoise", "decode", "upscale", "post"}

func millisText(l language.Language, ms map[string]int64) string {
	var all []string
	for _, stage := range stages {
		if n, ok := ms[stage]; ok {
			all = append(all, stageText(l, stage)+" "+secondsText(l, n))
		}
	}
	return strings.Join(all, " · ")
}

// stageText names a stage of a job.
func stageText(l language.Language, stage string) string {
	switch stage {
	case "load":
		return l.Text("load")
	case "encode":
		return l.Text("encode")
	case "denoise":
		return l.Text("denoise")
	case "decode":
		return l.Text("decode")
	case "upscale":
		return l.Text("upscale")
	}
	return l.Text("post")
}

func shortHash(hash string) string { return hash[:min(10, len(hash))] }
