package interaction

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/request"
	"darkroom/store"
)

// showAgain is /show.
type showAgain struct {
	clicks  *clicks
	db      sharedPosts
	fetcher fetcher
	plain   bool // it answers with messages of the older form

	pictures *knownPictures
}

// maxShownBytes bounds an image of this bot that is downloaded to be shown again: boosted servers take large ones.
const maxShownBytes = 100 << 20

var messageLink = regexp.MustCompile(`^<?https://(?:\w+\.)?discord(?:app)?\.com/channels/(?:@me|\d+)/(\d+)/(\d+)>?$`)

// run shows the images of a message once more, to the person who asks: somebody else's only in the channel where
// they were posted, and private ones to nobody else.
func (s *showAgain) run(ctx context.Context, r *responder) error {
	if file, given := r.req.Uploads[command.ShowPicture]; given {
		return s.byPicture(ctx, r, file)
	}
	text := strings.TrimSpace(r.req.Options["image"])
	link := messageLink.FindStringSubmatch(text)
	if r.click = (button.ID{Job: text}); link == nil {
		if _, err := button.Parse("1:info:" + text + ":0"); err != nil {
			return message.ErrShowWhat
		}
		if _, err := s.visible(ctx, r); err != nil {
			return err
		}
	}
	if err := r.postpone(ctx, true); err != nil {
		return err
	}
	m, j, err := s.find(ctx, r, link)
	if err != nil {
		return err
	}
	return s.show(ctx, r, m, j)
}

// byPicture shows the images of the job that made a picture, or what another picture says of itself.
func (s *showAgain) byPicture(ctx context.Context, r *responder, file request.Attachment) error {
	if err := r.postpone(ctx, true); err != nil {
		return err
	}
	id, err := s.pictures.find(ctx, r, file)
	if err != nil || id == "" {
		return err
	}
	r.click = button.ID{Job: id}
	m, j, err := s.find(ctx, r, nil)
	if err != nil {
		return err
	}
	return s.show(ctx, r, m, j)
}

// visible finds the job if the person may see its images.
func (s *showAgain) visible(ctx context.Context, r *responder) (job.Job, error) {
	j, err := s.clicks.job(ctx, r)
	switch {
	case err != nil:
		return j, err
	case j.User != r.req.Person.ID && j.Address.Private():
		return j, message.ErrPrivate
	case j.User != r.req.Person.ID && j.Channel != r.req.Place.Channel: // the person may not see that channel
		return j, message.ErrOtherChannel
	case j.State != store.Done:
		return j, message.ErrImagesGone
	}
	return j, nil
}

// find finds the message with the images, and its job: by the link, or else by the job's id.
func (s *showAgain) find(ctx context.Context, r *responder, link []string) (rest.Message, job.Job, error) {
	if link == nil {
		j, err := s.visible(ctx, r)
		if err != nil {
			return rest.Message{}, j, err
		}
		m, err := s.fetchJob(ctx, r, j)
		return m, j, err
	}
	m, err := fetchShown(ctx, r, link[1], link[2])
	if err != nil {
		return m, job.Job{}, err
	}
	if r.click = command.ShownBy(m.CustomIDs()); r.click.Job == "" {
		return m, job.Job{}, message.ErrNoImages
	}
	j, err := s.clicks.job(ctx, r)
	if err == nil && j.Address.Private() && link[1] == r.req.Place.Channel {
		return m, j, nil // it was shared here
	}
	j, err = s.visible(ctx, r)
	return m, j, err
}

// fetchJob fetches the message that shows a job's images. A private message cannot be fetched, but the images may be in
// direct messages, or shared.
func (s *showAgain) fetchJob(ctx context.Context, r *responder, j job.Job) (rest.Message, error) {
	out := j.Outcome()
	channel, id := cmp.Or(out.Channel, j.Channel), cmp.Or(out.Message, j.Message)
	if !j.Address.Private() || channel != j.Channel || j.Address.Direct {
		return fetchShown(ctx, r, channel, id)
	}
	p, err := s.db.Post(ctx, j.ID, store.SharePost(0))
	if err != nil {
		return rest.Message{}, err
	}
	return fetchShown(ctx, r, p.Channel, p.Message)
}

// fetchShown fetches a message of this bot. A message that only one person sees cannot be fetched.
func fetchShown(ctx context.Context, r *responder, channel, id string) (rest.Message, error) {
	if channel == "" || id == "" || id == message.Original {
		return rest.Message{}, message.ErrImagesGone
	}
	m, err := r.discord.FetchMessage(ctx, channel, id)
	if rest.Removed(err) || rest.Forbidden(err) {
		return m, message.ErrImagesGone
	}
	if err == nil && m.Author.ID != r.req.Application {
		return m, message.ErrNoImages
	}
	return m, err
}

// show sends the images of a message once more, with their buttons.
func (s *showAgain) show(ctx context.Context, r *responder, m rest.Message, j job.Job) error {
	files, made, err := s.images(ctx, m, j)
	if err != nil {
		return err
	}
	to, spec := r.address(), j.Spec
	to.Verb, to.Tile, to.Spoiler, to.Ephemeral = j.Address.Verb, j.Address.Tile, j.Spoiler, s.mayShare(r, j)
	to.Language = r.req.Language
	to.Card, to.Flags, to.Draft = !s.plain, j.Address.Flags, j.Address.Draft
	result := message.Result{Millis: j.Outcome().Millis}
	if n := r.click.Tile; n > 0 && n <= spec.Count && spec.Count > 1 {
		spec, to.Flags, result.Tile = spec.Tile(n-1), tileFlags(j, n), n
	}
	images := rest.NewUpload(files, made, to.FileLimit)
	if err := r.editImages(ctx, images, to, spec, j.ID, result); err != nil {
		return fmt.Errorf("show job %s again: %w", j.ID, err)
	}
	return nil
}

// mayShare tells whether the images are private ones that the person may share from here.
func (s *showAgain) mayShare(r *responder, j job.Job) bool {
	return j.Address.Private() && j.User == r.req.Person.ID && r.req.Place.Guild != ""
}

// images downloads the images of a job that a message shows.
func (s *showAgain) images(
	ctx context.Context, m rest.Message, j job.Job,
) (files []message.File, made []queue.File, err error) {
	out := j.Outcome().Files
	for _, a := range m.Files() {
		name := strings.TrimPrefix(a.Filename, message.SpoilerPrefix)
		data, err := s.fetcher.Fetch(ctx, a.URL, maxShownBytes)
		if _, permanent := errors.AsType[*rest.FetchError](err); permanent {
			return nil, nil, message.ErrImagesGone
		}
		if err != nil {
			return nil, nil, err
		}
		files = append(files, message.File{Name: name, Data: data})
		if i := slices.IndexFunc(out, func(f queue.File) bool { return f.Name == name }); i >= 0 {
			made = append(made, out[i])
		}
	}
	if len(files) == 0 {
		return nil, nil, message.ErrImagesGone
	}
	return files, made, nil
}
