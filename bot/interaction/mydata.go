package interaction

import (
	"context"
	"fmt"
	"time"

	"darkroom/bot/message"
	"darkroom/store"
)

// maxExportedJobs is how many jobs an export holds at most: the newest ones.
const maxExportedJobs = 20_000

// personalData holds everything that is stored about a person.
type personalData interface {
	Person(ctx context.Context, user string, limit int) (store.Person, error)
	Erase(ctx context.Context, user string) error
}

// personal is /mydata.
type personal struct {
	db     personalData
	cancel *canceller
	now    func() time.Time
}

// run exports and erases what is stored about a person.
func (p *personal) run(ctx context.Context, r *responder) error {
	switch r.req.Sub {
	case "export":
		return p.export(ctx, r)
	case "erase":
		return r.replyPrivately(ctx, message.EraseQuestion(r.req.Language))
	}
	return message.ErrUnknownInteraction
}

// eraseMe is the button under the question of /mydata erase. It erases the person who presses it.
func (p *personal) eraseMe(ctx context.Context, r *responder) error {
	if _, err := r.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	left, err := p.cancel.all(ctx, r)
	if err != nil {
		return err
	}
	if err := p.db.Erase(ctx, r.req.Person.ID); err != nil {
		return err
	}
	if err := r.edit(ctx, message.Erased(r.req.Language, left)); err != nil {
		return fmt.Errorf("tell that a person was erased: %w", err)
	}
	return nil
}

// export sends a person a file with everything that is stored about them.
func (p *personal) export(ctx context.Context, r *responder) error {
	if err := r.postpone(ctx, true); err != nil {
		return err
	}
	data, err := p.db.Person(ctx, r.req.Person.ID, maxExportedJobs)
	if err != nil {
		return err
	}
	file, err := exportFile(newExport(r.req.Person.ID, p.now(), data), r.req.Place.FileLimit)
	if err != nil {
		return err
	}
	if err := r.edit(ctx, message.Export(r.req.Language, file)); err != nil {
		return fmt.Errorf("send an export: %w", err)
	}
	return nil
}
