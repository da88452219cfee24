package interaction

import (
	"context"
	"errors"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/store"
)

// messageCommands are what a person can choose in the menu of a message: they do what the buttons below it do.
type messageCommands struct {
	info    *info
	imagine *imaginer
	repaint *repainter
	db      questions
}

// run runs a message command. Discord sends the message with it, so what its buttons name is what it shows.
func (m *messageCommands) run(ctx context.Context, r *responder) error {
	shown := r.req.Shown
	if shown.Job == "" || len(r.req.Files) == 0 {
		return message.ErrNoImages
	}
	r.click = shown
	switch r.req.Sub {
	case command.ImageInfo:
		return m.info.show(ctx, r)
	case command.RemixImage:
		return m.remix(ctx, r)
	case command.UpscaleImage:
		return m.upscale(ctx, r)
	}
	return message.ErrUnknownInteraction
}

// remix opens the form of the button Remix. That this person opened it is noted first, because such a form comes back
// without the message.
func (m *messageCommands) remix(ctx context.Context, r *responder) error {
	if _, err := m.info.clicks.job(ctx, r); err != nil {
		return err
	}
	put, cancel := r.beforeAnswer(ctx)
	defer cancel()
	noted := store.Question{ID: remixNote(r), User: r.req.Person.ID, Body: []byte(`{"opened":"remix"}`)}
	if err := m.db.PutQuestion(put, noted); err != nil {
		return err
	}
	return m.imagine.openRemix(ctx, r)
}

// upscale upscales the image of a message. Of several it asks which.
func (m *messageCommands) upscale(ctx context.Context, r *responder) error {
	j, err := m.info.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	if n := min(len(r.req.Files), j.Spec.Count, picture.MaxCount); n > 1 && r.click.Tile == 0 {
		return r.replyPrivately(ctx, message.UpscaleWhich(r.req.Language, j.ID, n))
	}
	r.click.Verb = button.Upscale
	return m.repaint.upscale(ctx, r)
}

// remixNote is the id under which is kept that a person opened the form of a remix by a message command.
func remixNote(r *responder) string { return "remix:" + r.click.Job + ":" + r.req.Person.ID }

// openedRemix refuses the form of a remix that the person did not open by a message command.
func openedRemix(ctx context.Context, db questions, r *responder) error {
	q, err := db.Question(ctx, remixNote(r))
	if errors.Is(err, store.ErrNotFound) || err == nil && q.User != r.req.Person.ID {
		return message.ErrOldButton
	}
	return err
}
