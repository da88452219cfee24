// Package button turns the custom_id of a button or form into its meaning and back.
//
// A custom_id is readable by everyone who sees the message and anyone may send it, so it carries nothing but what to
// look up: every click is authorised again.
package button

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"darkroom/render/picture"
)

// Verb is what a button does.
type Verb string

// The verbs.
const (
	Reroll  Verb = "reroll"  // the same settings with a new seed
	Vary    Verb = "vary"    // variations of one tile; Arg is "subtle" or "strong", or empty for the usual strength
	Single  Verb = "single"  // one tile alone, at once, from the message
	Upscale Verb = "upscale" // one tile at a larger size; Arg is "subtle" (or empty), "creative", or "choose": a form
	Zoom    Verb = "zoom"    // one tile smaller, rendered around; Arg is how many times: "2" or "1-5", or "custom": a form
	Square  Verb = "square"  // one tile rendered on until it is square
	More    Verb = "more"    // the rest of what can be done with a message, privately; Arg is "tile" in the list of tiles
	Pan     Verb = "pan"     // one tile moved aside, rendered on; Arg is where to look: "left", "right", "up" or "down"
	Region  Verb = "region"  // a form that asks which part of one tile is painted anew; also the id of that form
	Remix   Verb = "remix"   // a form with the prompt filled in; also the id of that form
	Info    Verb = "info"    // all settings of a message, privately
	Delete  Verb = "delete"  // the message goes; owner or moderator
	Cancel  Verb = "cancel"  // the job goes, while it waits or runs
	Finish  Verb = "finish"  // a draft, or one tile of it, with all steps
	Share   Verb = "share"   // private images are shown to everybody in the channel
	Private Verb = "private" // Job is the interaction that asked where slow private images shall go; Arg is the answer
	Show    Verb = "show"    // images that could not be posted: render them again for this click
	Example Verb = "example" // Job is the number of an example prompt, Arg the beginning of its model's hash
	Words   Verb = "words"   // what a model can render; Job is the beginning of its hash
	Permute Verb = "permute" // Job is the interaction that asked whether many prompts shall be painted; Arg is the answer
	Prefer  Verb = "prefer"  // a setting of whoever presses it is turned on or off, by Arg; Job is "me"
	Help    Verb = "help"    // a menu of /help; Job is "topic" or "model", Arg what the message shows of the other
	Forget  Verb = "forget"  // all that is kept about whoever presses it is erased; Job is "me"
)

var verbs = map[Verb]bool{
	Reroll: true, Vary: true, Single: true, Upscale: true, Zoom: true, Pan: true, Remix: true, Info: true, Delete: true,
	Finish: true, Square: true, Region: true, More: true, Cancel: true, Show: true, Example: true, Words: true,
	Permute: true, Prefer: true, Forget: true, Share: true, Private: true, Help: true,
}

const (
	version = "1"
	// MaxLength is Discord's limit on a custom_id, in characters.
	MaxLength = 100
)

// ErrForeign means that a custom_id is not one of ours, or of a version this program does not know.
var ErrForeign = errors.New("not a button of this bot")

// ID is the meaning of a custom_id: `1:verb:job:tile[:arg]`.
type ID struct {
	Verb Verb
	Job  string // interaction snowflake + "-" + ordinal
	Tile int    // 1 to picture.MaxCount; 0 when the button is about the whole message
	Arg  string
}

// String writes the custom_id. An ID that Parse would not read back is a programming error and panics.
func (id ID) String() string {
	s := fmt.Sprintf("%s:%s:%s:%d", version, id.Verb, id.Job, id.Tile)
	if id.Arg != "" {
		s += ":" + id.Arg
	}
	if back, err := Parse(s); err != nil || back != id {
		panic(fmt.Sprintf("internal error: %q is no custom_id: %v", s, err))
	}
	return s
}

// Parse reads a custom_id, or returns an error that wraps ErrForeign.
func Parse(customID string) (ID, error) {
	foreign := func(why string) (ID, error) { return ID{}, fmt.Errorf("%w: %s", ErrForeign, why) }
	if len(customID) > MaxLength {
		return foreign("too long")
	}
	parts := strings.SplitN(customID, ":", 5)
	if len(parts) < 4 || parts[0] != version {
		return foreign("unknown form")
	}
	id := ID{Verb: Verb(parts[1]), Job: parts[2]}
	if !verbs[id.Verb] {
		return foreign("unknown verb")
	}
	if !plain(id.Job) {
		return foreign("no job")
	}
	tile, err := strconv.Atoi(parts[3])
	if err != nil || tile < 0 || tile > picture.MaxCount || parts[3] != strconv.Itoa(tile) {
		return foreign("no such tile")
	}
	id.Tile = tile
	if len(parts) == 5 {
		if !plain(parts[4]) {
			return foreign("unknown argument")
		}
		id.Arg = parts[4]
	}
	return id, nil
}

// plain tells whether s is a word of letters, digits and dashes.
func plain(s string) bool {
	for _, r := range s {
		if !(r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
			return false
		}
	}
	return s != ""
}
