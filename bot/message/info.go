package message

import (
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
func Info(i JobInfo) string {
	s := i.Spec
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "**%s** %s\n", name, fmt.Sprintf(format, args...))
	}
	writePrompts(s, i.Tile, line)
	line("Size", "%s", sizeText(s))
	sampler := Escape(encode.SamplerTitle(s.Sampler))
	line("Steps", "%d, %s, guidance %g%s", s.Steps, sampler, s.GuidanceScale, uncommonText(s))
	line("Seeds", "%s", seedsText(s, i.Tile))
	for _, v := range s.Variations {
		line("Variation", "seed %d, strength %g", v.Seed, v.Strength)
	}
	if s.Init != nil {
		line("Start image", "%d×%d, strength %g", s.Init.Picture.Width, s.Init.Picture.Height, s.Init.Strength)
		if p := s.Init.Placement; p != nil {
			line("Placed", "at %d, %d as %d×%d; the rest was generated around it", p.X, p.Y, p.Width, p.Height)
		}
	}
	line("Model", "%s `%s`", Escape(s.Model.Name), shortHash(s.Model.Hash))
	if i.Guess != "" {
		fmt.Fprintf(&b, "-# %s\n", Escape(i.Guess))
	}
	if addons := addonsText(s, i.Addons); addons != "" {
		line("Add-ons", "%s", addons)
	}
	b.WriteString(originsText(language.Language{}, i.Origins))
	if len(i.Millis) > 0 {
		line("Time", "%s", millisText(i.Millis))
	}
	if i.Parent != "" || i.From != (Link{}) {
		line("Made from", "%s", i.parentText())
	}
	last := fmt.Sprintf("-# %s · %s", i.ID, i.Created.UTC().Format("2006-01-02 15:04 MST"))
	room := MaxContent - utf8.RuneCountInString(b.String()) - utf8.RuneCountInString(last)
	if made := madeText(i.Made, i.More, room); made != "" {
		line("Made of it", "%s", made)
	}
	return b.String() + last
}

// parentText is the link to what a job was made from, or its id.
func (i JobInfo) parentText() string {
	if i.From != (Link{}) {
		return i.From.String()
	}
	return "`" + i.Parent + "`"
}

// Link leads to the message of a job.
type Link struct {
	Verb                     string // what made the job
	Server, Channel, Message string // ids; the server is empty for a direct message
}

// String writes the link as Markdown.
func (l Link) String() string {
	server := l.Server
	if server == "" {
		server = "@me"
	}
	return fmt.Sprintf("[%s](https://discord.com/channels/%s/%s/%s)", Escape(l.Verb), server, l.Channel, l.Message)
}

// madeText lists links as far as there is room for them, in characters.
func madeText(links []Link, more bool, room int) string {
	const andMore = " and more"
	room -= len("**Made of it** \n") + len(andMore)
	text := ""
	for _, l := range links {
		next := l.String()
		if text != "" {
			next = " · " + next
		}
		if room -= utf8.RuneCountInString(next); room < 0 {
			more = text != ""
			break
		}
		text += next
	}
	if more && text != "" {
		text += andMore
	}
	return text
}

// writePrompts writes the prompts: one pair for all tiles, that of one tile, or a pair for each where they differ.
func writePrompts(s picture.Spec, tile int, line func(name, format string, args ...any)) {
	if tile > 0 && tile <= len(s.Tiles) {
		s = s.Tile(tile - 1)
	}
	each, share := []picture.TilePrompt{{Prompt: s.Prompt, Negative: s.Negative}}, 1
	if len(s.Tiles) > 0 {
		each, share = s.Tiles, picture.MaxCount
	}
	for n, t := range each {
		number := ""
		if len(each) > 1 {
			number = fmt.Sprintf(" %d", n+1)
		}
		line("Prompt"+number, "%s", Escape(Shorten(t.Prompt, 500/share)))
		if t.Negative != "" {
			line("Negative"+number, "%s", Escape(Shorten(t.Negative, 300/share)))
		}
	}
}

// uncommonText lists the sampling settings that most images leave at their defaults.
func uncommonText(s picture.Spec) string {
	var b strings.Builder
	if s.Rescale > 0 {
		fmt.Fprintf(&b, " rescaled by %g", s.Rescale)
	}
	if s.Stop > 0 {
		fmt.Fprintf(&b, ", stopped at %d %%", s.Stop)
	}
	if s.Eta != nil {
		fmt.Fprintf(&b, ", eta %g", *s.Eta)
	}
	if s.SeedDelta != 0 {
		fmt.Fprintf(&b, ", ENSD %d", s.SeedDelta)
	}
	if z := s.SeedSize; z != nil {
		fmt.Fprintf(&b, ", seed resized from %d×%d", z.Width, z.Height)
	}
	return b.String()
}

func sizeText(s picture.Spec) string {
	text := fmt.Sprintf("%d×%d", s.Width, s.Height)
	if h := s.Hires; h != nil {
		text += fmt.Sprintf(", upscaled %g× with %d steps and strength %g", h.Scale, h.Steps, h.Strength)
	}
	if u := s.Upscale; u != nil {
		text += fmt.Sprintf(", upscaled %g× by %s", u.Scale, upscalerText(s))
		if u.Strength > 0 {
			text += fmt.Sprintf(", repainted in %d steps with strength %g", u.Steps, u.Strength)
		}
	}
	return text
}

// upscalerText names what enlarged the images.
func upscalerText(s picture.Spec) string {
	if s.Upscaler == nil {
		return "Lanczos"
	}
	if s.Upscaler.Name == s.Model.Name {
		return Escape(s.Upscaler.Name) + "'s network"
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

func millisText(ms map[string]int64) string {
	var all []string
	for _, stage := range stages {
		if n, ok := ms[stage]; ok {
			all = append(all, fmt.Sprintf("%s %.1f s", stage, float64(n)/1000))
		}
	}
	return strings.Join(all, " · ")
}

func shortHash(hash string) string { return hash[:min(10, len(hash))] }
