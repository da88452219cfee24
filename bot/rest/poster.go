package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"sync"
	"time"

	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/picture"
)

// How an Outcome was delivered.
const (
	DeliveredPosted  = "posted"             // the message shows the images
	DeliveredFound   = "found"              // it showed them already
	DeliveredRemoved = "removed"            // somebody deleted the message: deleted images stay deleted
	DeliveredLater   = queue.DeliveredLater // the renderer could not post them: the bot delivers them
	DeliveredReoffer = "stranded"           // no room for undelivered results: the bot offers to render them again
	DeliveredInbox   = "inbox"              // they could not be posted: their owner finds them in /inbox
)

const (
	// tokenMargin is how long before its end a token is no longer used.
	tokenMargin = 15 * time.Second
	// postTimeout is how long a renderer tries to post before it leaves the images to the bot: as long as one request may
	// take.
	postTimeout = sendTimeout
)

// undeliveredStore takes images that a renderer cannot post.
type undeliveredStore interface {
	PutUndelivered(ctx context.Context, d queue.Undelivered) error
	IsUndelivered(ctx context.Context, job string) (bool, error)
}

// Poster edits the message of a job. Renderers post with it.
type Poster struct {
	client      *Client
	undelivered undeliveredStore

	mu         sync.Mutex
	unanswered map[string]bool   // jobs with a post that was not answered
	left       [keptLeft]leftJob // jobs whose images were left to the bot, in a ring
	nextLeft   int
}

// NewPoster returns a Poster that answers through client and puts images that it cannot post into undelivered.
func NewPoster(client *Client, undelivered undeliveredStore) *Poster {
	return &Poster{client: client, undelivered: undelivered, unanswered: map[string]bool{}}
}

// decodeJob reads the two opaque parts of a job. What cannot be read now can never be read.
func decodeJob(job queue.Job) (message.Address, picture.Spec, error) {
	to, err := message.DecodeAddress(job.Address)
	if err != nil {
		return message.Address{}, picture.Spec{}, worker.Final(message.ReasonUnreadableSettings, err)
	}
	spec, err := picture.Decode(job.Spec)
	if err != nil {
		return message.Address{}, picture.Spec{}, worker.Final(message.ReasonUnreadableSettings, err)
	}
	return to, spec, nil
}

// tokenExpired tells whether the token of an answer can no longer be used.
func (p *Poster) tokenExpired(to message.Address) bool {
	return !p.client.now().Before(to.Expires.Add(-tokenMargin))
}

// FindPosted reads the job's message. found means that there is nothing left to render: the message shows this job's
// images, or somebody deleted it, or the images are undelivered results, which only the bot posts.
func (p *Poster) FindPosted(ctx context.Context, job queue.Job) (found bool, out queue.Outcome, err error) {
	to, spec, err := decodeJob(job)
	if err != nil {
		return false, queue.Outcome{}, err
	}
	if kept, err := p.undelivered.IsUndelivered(ctx, job.ID); err != nil || kept {
		return kept, queue.Outcome{Channel: to.Channel, Delivered: DeliveredLater}, err
	}
	if p.tokenExpired(to) {
		return false, queue.Outcome{}, nil
	}
	posted, err := p.client.FetchResponse(ctx, to)
	switch {
	case Removed(err):
		return true, queue.Outcome{Channel: to.Channel, Delivered: DeliveredRemoved}, nil
	case Final(err): // the token is too old, or the place is closed
		return false, queue.Outcome{}, nil
	case err != nil:
		return false, queue.Outcome{}, fmt.Errorf("find posted images: %w", err)
	case !posted.showsFinished(job.ID):
		return false, queue.Outcome{}, nil
	}
	out = queue.Outcome{Channel: to.Channel, Message: posted.ID, Delivered: DeliveredFound}
	for i, a := range posted.Files() {
		out.Files = append(out.Files, queue.File{Name: a.Filename, Seed: spec.Tile(i).Seed, Width: a.Width, Height: a.Height})
	}
	return true, out, nil
}

// Progress shows how far a job is. The caller decides how often. preview may be nil, or return nil.
func (p *Poster) Progress(ctx context.Context, job queue.Job, percent int, preview func() image.Image) error {
	to, spec, err := decodeJob(job)
	if err != nil || p.tokenExpired(to) {
		return err
	}
	var files []message.File
	if preview != nil {
		if img := preview(); img != nil {
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				return fmt.Errorf("encode preview: %w", err)
			}
			files = []message.File{
				{Name: "preview.png", Data: b.Bytes(), Description: message.PreviewDescription(to.Language), Spoiler: to.Spoiler},
			}
		}
	}
	if _, err := p.client.EditResponse(ctx, to, message.Rendering(to, spec, job.ID, percent, files)); err != nil {
		return fmt.Errorf("show progress: %w", err)
	}
	return nil
}

// setUnanswered notes that a post was not answered: the images may be posted or not.
func (p *Poster) setUnanswered(job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unanswered[job] = true
}

// clearUnanswered forgets that a post of the job was not answered.
func (p *Poster) clearUnanswered(job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unanswered, job)
}

// Post shows the finished images in the job's message. Posting again shows the same. Images that Discord refuses as too
// large are posted in smaller forms, see Upload.Lower. What that message does not take
// becomes an undelivered result instead, so that the renderer can go on: the token is too old, the place is closed, or
// the place does not answer as it should. Then the bot goes on trying, there and elsewhere, and the renderer does not
// post them any more: the bot may have posted them elsewhere. An error means that there is no room for another result:
// the renderer must try again.
func (p *Poster) Post(ctx context.Context, job queue.Job, result worker.Result) (queue.Outcome, error) {
	to, spec, err := decodeJob(job)
	if err != nil {
		return queue.Outcome{}, err
	}
	out, up := outcomeOf(result, to)
	if left, ok := p.wasLeft(job.ID); p.tokenExpired(to) || ok && !left.byToken {
		return p.putUndelivered(ctx, job, withoutToken(to), up, out)
	} else if ok {
		return p.putUndelivered(ctx, job, to, up, out)
	}
	began := p.client.now()
	posted, err := p.postFitting(ctx, job.ID, to, spec, up, out.Millis)
	out.Files, out.Millis["post"] = up.Made, p.client.now().Sub(began).Milliseconds()
	switch {
	case err == nil:
		p.clearUnanswered(job.ID)
		out.Message, out.Delivered = posted.ID, DeliveredPosted
		return out, nil
	case Removed(err):
		out.Delivered = DeliveredRemoved
		return out, nil
	case TooLarge(err):
		return queue.Outcome{}, worker.Final(message.ReasonTooLarge, err)
	case Final(err):
		if MaybeApplied(err) {
			p.setUnanswered(job.ID)
		}
		return p.putUndelivered(ctx, job, withoutToken(to), up, out)
	}
	p.setUnanswered(job.ID)
	left, lerr := p.putUndelivered(ctx, job, to, up, out)
	if lerr != nil || left.Delivered != DeliveredLater {
		return queue.Outcome{}, fmt.Errorf("post pictures: %w", err)
	}
	return left, nil
}

// postFitting edits the images into the job's message, in smaller forms while Discord refuses them as too large.
func (p *Poster) postFitting(
	ctx context.Context, job string, to message.Address, spec picture.Spec, up *Upload, millis map[string]int64,
) (Message, error) {
	for {
		posted, err := p.editInTime(ctx, to, up.Finished(to, spec, job, message.Result{Millis: millis}))
		if !TooLarge(err) || !up.Lower() {
			return posted, err
		}
	}
}

// outcomeOf returns what is known about a result before it is posted, and its files.
func outcomeOf(result worker.Result, to message.Address) (out queue.Outcome, up *Upload) {
	out = queue.Outcome{Channel: to.Channel, Millis: maps.Clone(result.Millis)}
	if out.Millis == nil {
		out.Millis = map[string]int64{}
	}
	var files []message.File
	for _, f := range result.Images {
		out.Files = append(out.Files, f.File)
		files = append(files, message.File{Name: f.Name, Data: f.Data})
	}
	return out, NewUpload(files, out.Files, to.FileLimit)
}

// editInTime edits the answer for no longer than postTimeout, with all tries. A place that does not answer, or limits
// the rate for longer, must not keep the renderer from other jobs.
func (p *Poster) editInTime(ctx context.Context, to message.Address, m message.Message) (Message, error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	return p.client.EditResponse(ctx, to, m)
}

// withoutToken is the address for a bot that need not try the token again: it is too old or was refused.
func withoutToken(to message.Address) message.Address {
	to.Token = ""
	return to
}

// putUndelivered leaves the images for the bot to deliver, by the token of the address if it has one.
func (p *Poster) putUndelivered(
	ctx context.Context, job queue.Job, to message.Address, up *Upload, out queue.Outcome,
) (queue.Outcome, error) {
	out.Delivered = DeliveredLater
	left, isNew := p.leave(job, to.Token != "") // before the queue is asked: if its answer is lost, it may have them
	d := queue.Undelivered{Job: job.ID, Address: to.Encode(), Outcome: out, MaybePosted: left.maybePosted}
	for _, f := range up.Files {
		d.Files = append(d.Files, queue.Attachment{Name: f.Name, Bytes: f.Data})
	}
	err := p.undelivered.PutUndelivered(ctx, d)
	if errors.Is(err, queue.ErrUndeliveredFull) {
		if isNew {
			p.takeBack(job.ID)
		}
		out.Delivered = DeliveredReoffer
		return out, nil
	}
	if err != nil {
		return queue.Outcome{}, fmt.Errorf("leave undelivered images: %w", err)
	}
	p.clearUnanswered(job.ID)
	return out, nil
}

// PostFailure tells the job's owner that it was given up. reason is a clause for people.
func (p *Poster) PostFailure(ctx context.Context, job queue.Job, reason string) error {
	to, spec, err := decodeJob(job)
	if err != nil || p.tokenExpired(to) {
		return err
	}
	if _, err := p.client.EditResponse(ctx, to, message.Failed(to, spec, job.ID, reason)); err != nil && !Removed(err) {
		return fmt.Errorf("post failure: %w", err)
	}
	return nil
}
