package reply

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

	"darkroom/queue"
	"darkroom/queue/work"
	"darkroom/render/picture"
)

// How an Outcome was delivered.
const (
	DeliveredPosted   = "posted"            // the message shows the pictures
	DeliveredFound    = "found"             // it showed them already
	DeliveredRemoved  = "removed"           // somebody deleted the message: a deleted picture stays deleted
	DeliveredTray     = queue.DeliveredTray // too late for the interaction's token: the bot delivers them
	DeliveredStranded = "stranded"          // the tray was full: the bot offers to paint them again
	DeliveredInbox    = "inbox"             // they could be posted nowhere: their owner finds them in /inbox
)

const (
	// editEvery is the pace of progress edits. Discord lets about five edits in five seconds pass per channel, and
	// the pictures of others share it.
	editEvery = 3 * time.Second
	// tokenMargin is how long before a token's end it is no longer relied on.
	tokenMargin = 15 * time.Second
)

// tray is where pictures go that cannot be posted by token.
type tray interface {
	PutTray(ctx context.Context, d queue.Delivery) error
	InTray(ctx context.Context, job string) (bool, error)
}

// Poster is the renderer's voice: it edits the one message that a job answers with.
type Poster struct {
	client *Client
	tray   tray

	mu    sync.Mutex
	spoke map[string]time.Time // by job: the last progress edit

	unsure map[string]bool // jobs with a post that was not answered
}

// NewPoster returns a Poster that answers through client and leaves late pictures in tray.
func NewPoster(client *Client, tray tray) *Poster {
	return &Poster{client: client, tray: tray, spoke: map[string]time.Time{}, unsure: map[string]bool{}}
}

// open reads the two opaque parts of a job. What cannot be read now never will be.
func open(job queue.Job) (To, picture.Spec, error) {
	to, err := Decode(job.Reply)
	if err != nil {
		return To{}, picture.Spec{}, work.Final(unreadable, err)
	}
	spec, err := picture.Decode(job.Spec)
	if err != nil {
		return To{}, picture.Spec{}, work.Final(unreadable, err)
	}
	return to, spec, nil
}

const unreadable = "its settings cannot be read by this renderer"

// late tells whether the token of an answer is no longer to be relied on.
func (p *Poster) late(to To) bool { return !p.client.now().Before(to.Expires.Add(-tokenMargin)) }

// Look reads the job's message. found means that there is nothing left to paint: it carries this job's pictures, somebody
// deleted it, or the pictures lie in the tray: then the bot alone posts them, perhaps at this moment.
func (p *Poster) Look(ctx context.Context, job queue.Job) (found bool, out queue.Outcome, err error) {
	to, spec, err := open(job)
	if err != nil {
		return false, queue.Outcome{}, err
	}
	if lies, err := p.tray.InTray(ctx, job.ID); err != nil || lies {
		return lies, queue.Outcome{Channel: to.Channel, Delivered: DeliveredTray}, err
	}
	if p.late(to) {
		return false, queue.Outcome{}, nil
	}
	posted, err := p.client.Fetch(ctx, to)
	switch {
	case Removed(err):
		return true, queue.Outcome{Channel: to.Channel, Delivered: DeliveredRemoved}, nil
	case Expired(err) || Forbidden(err):
		return false, queue.Outcome{}, nil
	case err != nil:
		return false, queue.Outcome{}, fmt.Errorf("look at the message: %w", err)
	case !finishedIs(posted, job.ID):
		return false, queue.Outcome{}, nil
	}
	out = queue.Outcome{Channel: to.Channel, Message: posted.ID, Delivered: DeliveredFound}
	for i, a := range posted.Attachments {
		out.Files = append(out.Files, queue.File{Name: a.Filename, Seed: spec.Tile(i).Seed, Width: a.Width, Height: a.Height})
	}
	return true, out, nil
}

// Progress shows how far a job is, at most once in three seconds; a call that comes sooner does nothing. preview is
// only asked for when it will be shown.
func (p *Poster) Progress(ctx context.Context, job queue.Job, percent int, preview func() image.Image) error {
	if !p.mayspeak(job.ID) {
		return nil
	}
	to, spec, err := open(job)
	if err != nil || p.late(to) {
		return err
	}
	var files []File
	if preview != nil {
		if img := preview(); img != nil {
			var b bytes.Buffer
			if err := png.Encode(&b, img); err != nil {
				return fmt.Errorf("encode preview: %w", err)
			}
			files = []File{{Name: "preview.png", Data: b.Bytes(), Description: "A preview of the pictures", Spoiler: to.Spoiler}}
		}
	}
	if _, err := p.client.Edit(ctx, to, Painting(to, spec, job.ID, percent, files)); err != nil {
		return fmt.Errorf("show progress: %w", err)
	}
	return nil
}

// mayspeak tells whether it is time for another progress edit, and if so takes the turn.
func (p *Poster) mayspeak(job string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.client.now()
	if last, ok := p.spoke[job]; ok && now.Sub(last) < editEvery {
		return false
	}
	p.spoke[job] = now
	return true
}

// doubt notes that a post was not answered: the pictures may be there all the same.
func (p *Poster) doubt(job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsure[job] = true
}

// doubted tells whether a post of the job was not answered.
func (p *Poster) doubted(job string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unsure[job]
}

// settled forgets the doubt about a job.
func (p *Poster) settled(job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.unsure, job)
}

// silence forgets a job's pace.
func (p *Poster) silence(job string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.spoke, job)
}

// Post shows the finished pictures in the job's message. Doing it again shows the same. When the token is too old the
// pictures go into the tray instead.
func (p *Poster) Post(ctx context.Context, job queue.Job, made work.Made) (queue.Outcome, error) {
	defer p.silence(job.ID)
	to, spec, err := open(job)
	if err != nil {
		return queue.Outcome{}, err
	}
	out := queue.Outcome{Channel: to.Channel, Millis: maps.Clone(made.Millis)}
	if out.Millis == nil {
		out.Millis = map[string]int64{}
	}
	var files []File
	for _, f := range made.Files {
		out.Files = append(out.Files, f.File)
		files = append(files, File{Name: f.Name, Data: f.Data})
	}
	if p.late(to) {
		return p.leave(ctx, job, made, out)
	}
	began := p.client.now()
	posted, err := p.client.Edit(ctx, to, Finished(to, spec, job.ID, files, out.Files))
	out.Millis["post"] = p.client.now().Sub(began).Milliseconds()
	switch {
	case err == nil:
		p.settled(job.ID)
		out.Message, out.Delivered = posted.ID, DeliveredPosted
		return out, nil
	case Removed(err):
		out.Delivered = DeliveredRemoved
		return out, nil
	case Expired(err) || Forbidden(err):
		if fault := (*Error)(nil); errors.As(err, &fault) && fault.Unsure {
			p.doubt(job.ID)
		}
		return p.leave(ctx, job, made, out)
	case TooLarge(err):
		return queue.Outcome{}, work.Final("the pictures are larger than Discord allows here", err)
	case Final(err):
		return queue.Outcome{}, work.Final("Discord did not take the pictures", err)
	}
	p.doubt(job.ID)
	return queue.Outcome{}, fmt.Errorf("post pictures: %w", err)
}

// leave puts pictures into the tray for the bot to deliver.
func (p *Poster) leave(ctx context.Context, job queue.Job, made work.Made, out queue.Outcome) (queue.Outcome, error) {
	out.Delivered = DeliveredTray
	d := queue.Delivery{Job: job.ID, Reply: job.Reply, Outcome: out, Look: job.Look || p.doubted(job.ID)}
	for _, f := range made.Files {
		d.Files = append(d.Files, queue.Attachment{Name: f.Name, Bytes: f.Data})
	}
	err := p.tray.PutTray(ctx, d)
	if errors.Is(err, queue.ErrTrayFull) {
		out.Delivered = DeliveredStranded
		return out, nil
	}
	if err != nil {
		return queue.Outcome{}, fmt.Errorf("leave pictures in the tray: %w", err)
	}
	p.settled(job.ID)
	return out, nil
}

// Sorry tells the job's owner that it was given up. reason is a sentence for people.
func (p *Poster) Sorry(ctx context.Context, job queue.Job, reason string) error {
	defer p.silence(job.ID)
	to, spec, err := open(job)
	if err != nil || p.late(to) {
		return err
	}
	if _, err := p.client.Edit(ctx, to, Sorry(to, spec, job.ID, reason)); err != nil && !Removed(err) {
		return fmt.Errorf("apologise: %w", err)
	}
	return nil
}
