package interaction

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/command"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/render/request"
	"darkroom/store"
)

const (
	// maxPermutations is how many permutations one request may have, whatever a server allows.
	maxPermutations = 20
	// maxUnconfirmed is how many permutations are rendered without a question, as on Midjourney.
	maxUnconfirmed = 3
	// expandTimeout is how long the expansion of a prompt may take, of the three seconds that Discord waits.
	expandTimeout = time.Second
)

// permutationRequest is a request whose prompt may leave choices open. Its JSON is in SQL while the person is asked
// about it.
type permutationRequest struct {
	Wanted    request.Wanted `json:"wanted"`
	DrawnSeed int64          `json:"drawn"`          // the seed if the request has none; it makes the choices too
	Base      *picture.Spec  `json:"base,omitempty"` // the settings that are remixed
	Parent    string         `json:"parent,omitempty"`

	TypedCount string `json:"typed_count,omitempty"` // what was typed as the number of images and cannot be read

	Vary float64 `json:"vary,omitempty"` // the remix varies Base by so much, see request.RemixVaried
	Tile int     `json:"tile,omitempty"` // the tile of Parent that it varies

	Region *regionRequest `json:"region,omitempty"` // what of an image is painted anew

	Confirmed bool `json:"-"` // the person was asked, and said yes
}

// judge judges one permutation.
func (w permutationRequest) judge(req command.Request, wanted request.Wanted) judgeFunc {
	req.Wanted = wanted
	return func(available request.Available, p store.Policy) (newJob, *request.Refusal) {
		if w.Base != nil {
			res, refusal := admit.JudgeRemix(req, available, p, *w.Base, w.DrawnSeed, w.Vary)
			made := newJob{resolved: res, verb: "remix", parent: w.Parent, tile: w.Tile, followUp: w.Confirmed}
			if w.Region != nil {
				made.verb, made.tile = "region", w.Region.Tile
			}
			return made, refusal
		}
		res, refusal := admit.Judge(req, available, p, w.DrawnSeed)
		return newJob{resolved: res, verb: "imagine", followUp: w.Confirmed}, refusal
	}
}

// expand makes the choices that the prompt leaves open, and returns each permutation. All have the same seed, so that
// they differ only in their prompts.
func (w permutationRequest) expand(ctx context.Context, from dynamic.Wildcards) ([]request.Wanted, error) {
	ctx, cancel := context.WithTimeout(ctx, expandTimeout)
	defer cancel()
	all, err := request.Expand(ctx, w.Wanted, w.DrawnSeed, picture.MaxCount, from, maxPermutations)
	if isUnreadable(err) && len(w.Wanted.Preferences) > 0 {
		all, err = request.Expand(
			ctx, w.Wanted.WithUnreadPreferences(), w.DrawnSeed, picture.MaxCount, from, maxPermutations,
		)
	}
	if err != nil {
		return nil, expansionRefusal(err)
	}
	return all, nil
}

// isUnreadable tells whether choices cannot be made because of a text, such as a wildcard that is not there.
func isUnreadable(err error) bool {
	var unknown *dynamic.UnknownError
	var unreadable *dynamic.UnreadableError
	return errors.As(err, &unknown) || errors.As(err, &unreadable)
}

// fewerChoices helps where a prompt has too many permutations.
const fewerChoices = "Use fewer choices in braces, or write \\, for a comma that does not separate choices."

// expansionRefusal turns an error of the expansion into a refusal.
func expansionRefusal(err error) error {
	var unknown *dynamic.UnknownError
	var unreadable *dynamic.UnreadableError
	var many *dynamic.TooManyError
	switch {
	case errors.As(err, &unknown):
		return &request.Refusal{Sentence: phrase.Of("Unknown wildcard %s.", unknown.Name), Hint: unknown.Hint()}
	case errors.As(err, &unreadable) && errors.Is(err, dynamic.ErrNoText):
		return request.Refuse("", "Wildcard %s: not a text file in UTF-8, UTF-16 or Windows-1252 (Latin-1).", unreadable.Name)
	case errors.As(err, &unreadable):
		return request.Refuse("", "The file of wildcard %s cannot be read.", unreadable.Name)
	case errors.As(err, &many) && many.Uncounted():
		return request.Refuse(fewerChoices, "The choices make more than a million prompts: at most %d are possible at once.",
			many.Max)
	case errors.As(err, &many):
		return request.Refuse(fewerChoices, "The choices make %d prompts: at most %d are possible at once.", many.Count,
			many.Max)
	case errors.Is(err, context.DeadlineExceeded):
		return request.Refuse("Use fewer choices and wildcards.", "This prompt takes too long to expand.")
	case errors.Is(err, dynamic.ErrTooLong):
		return request.Refuse("", "The choices and wildcards make this prompt too long.")
	case errors.Is(err, dynamic.ErrTooManyLines):
		return request.Refuse("", "The wildcards have too many lines for one prompt.")
	}
	return err
}
