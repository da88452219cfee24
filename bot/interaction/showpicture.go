package interaction

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

const (
	// maxLookedAt is how many of the person's newest jobs, and of the channel's, are compared with a picture.
	maxLookedAt = 2000
	// maxPicturePixels bounds the pixels of a picture that is compared.
	maxPicturePixels = 1 << 26
	// sameLook is in how many bits the perceptual hashes of one image in two encodings may differ.
	sameLook = 8
)

// doneJobs lists the jobs whose images a person may see.
type doneJobs interface {
	recentJobsOf
	DoneIn(ctx context.Context, server, channel string, limit int) ([]store.Job, error)
}

// knownPictures finds the job that made a picture. It looks only among the jobs that the person may see, so its answers
// do not tell whether there are others.
type knownPictures struct {
	db      doneJobs
	imagine *imaginer
	fetcher fetcher
}

// find returns the job that made a picture. If it is of no known job, the person is told what the picture
// says of itself, and the id is empty.
func (k *knownPictures) find(ctx context.Context, r *responder, file request.Attachment) (id string, err error) {
	data, err := k.fetcher.Fetch(ctx, file.URL, request.MaxInputBytes)
	if _, permanent := errors.AsType[*rest.FetchError](err); permanent {
		return "", message.ErrUnknownPicture
	}
	if err != nil {
		return "", err
	}
	said := encode.ReadSaid(data)
	sum := sha256.Sum256(data)
	look := k.lookOf(ctx, data)
	best := sameLook + 1
	for _, list := range k.lists(r) {
		rows, err := list(ctx)
		if err != nil {
			return "", err
		}
		for _, row := range rows {
			j, err := job.Read(row)
			if err != nil || !maySee(r, j) {
				continue
			}
			for _, f := range j.Outcome().Files {
				if d := distance(f, hex.EncodeToString(sum[:]), look, said.Parameters, said.Text != ""); d < best {
					best, id = d, j.ID
				}
			}
		}
	}
	if id != "" {
		return id, nil
	}
	return "", k.tell(ctx, r, said)
}

// lists are the jobs among which is looked, newest first.
func (k *knownPictures) lists(r *responder) []func(context.Context) ([]store.Job, error) {
	return []func(context.Context) ([]store.Job, error){
		func(ctx context.Context) ([]store.Job, error) {
			return k.db.RecentlyEnded(ctx, r.req.Person.ID, maxLookedAt)
		},
		func(ctx context.Context) ([]store.Job, error) {
			return k.db.DoneIn(ctx, r.account(), r.req.Place.Channel, maxLookedAt)
		},
	}
}

// maySee tells whether the person may see a job's images here, as showAgain.visible does.
func maySee(r *responder, j job.Job) bool {
	return j.State == store.Done &&
		(j.User == r.req.Person.ID || !j.Address.Ephemeral && j.Channel == r.req.Place.Channel)
}

// distance is how far a file is from a picture, -1 for the very same bytes. A picture that says its seed is of no file
// with another.
func distance(f queue.File, sum, look string, said encode.Parameters, says bool) int {
	switch {
	case f.SHA256 == sum:
		return -1
	case look == "" || says && said.Seed >= 0 && said.Seed != f.Seed:
		return sameLook + 1
	}
	return encode.PHashDistance(f.PHash, look)
}

// lookOf is the perceptual hash of a picture; "" for one that cannot be read, or has nothing to tell it by.
func (k *knownPictures) lookOf(ctx context.Context, data []byte) (look string) {
	err := k.imagine.region.decoder.run(ctx, func(ctx context.Context) error {
		img, _, err := encode.Decode(ctx, data, maxPicturePixels)
		if err == nil {
			look = encode.PHash(img)
		}
		return err
	})
	if err != nil || encode.PHashDistance(look, "0000000000000000") <= sameLook {
		return ""
	}
	return look
}

// tell shows what a picture says of itself, with a button that opens it in a form.
func (k *knownPictures) tell(ctx context.Context, r *responder, said encode.Said) error {
	l := r.req.Language
	switch {
	case said.ComfyUI && (said.Prompt == "" || len(said.Fields) == 0):
		return r.replyPrivately(ctx, message.FoundGraph(l, said.Text))
	case said.Prompt == "" || len(said.Fields) == 0:
		return message.ErrUnknownPicture
	}
	put, cancel := r.beforeAnswer(ctx)
	defer cancel()
	w := permutationRequest{Wanted: wantedOf(said.Parameters), DrawnSeed: k.imagine.seed()}
	if err := k.imagine.putQuestion(put, r, r.req.ID, w); err != nil {
		return err
	}
	if said.ComfyUI {
		return r.replyPrivately(ctx, message.FoundSettingsOfGraph(l, said.Text, r.req.ID))
	}
	return r.replyPrivately(ctx, message.FoundSettings(l, said.Text, r.req.ID))
}

// maxSaidName is how many characters of a name count that a picture says.
const maxSaidName = 200

// wantedOf are the settings of a picture as a request. What the request cannot have is left out: a picture may say
// anything, and the request is kept and shown in a form.
func wantedOf(said encode.Parameters) request.Wanted {
	cut := func(text string, most int) *string { return given(message.Shorten(text, most)) }
	w := request.Wanted{
		Prompt:   message.Shorten(said.Prompt, picture.MaxPromptRunes),
		Negative: cut(said.Negative, picture.MaxPromptRunes), Sampler: cut(said.Sampler, maxSaidName),
	}
	if said.Steps > 0 {
		w.Steps = &said.Steps
	}
	if said.GuidanceScale > 0 {
		w.GuidanceScale = &said.GuidanceScale
	}
	if said.Seed >= 0 && said.Seed <= picture.MaxSeed {
		w.Seed = &said.Seed
	}
	if said.Width > 0 && said.Height > 0 {
		w.Size = new(fmt.Sprintf("%dx%d", said.Width, said.Height))
	}
	if said.ClipSkip > 1 {
		w.ClipSkip = &said.ClipSkip
	}
	if said.Tiling {
		w.Tiling = &said.Tiling
	}
	w.Model = cut(cmp.Or(said.Model.Name, said.Model.Hash), maxSaidName)
	return w
}
