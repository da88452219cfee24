package interaction

import (
	"errors"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/request"
)

// TestShareWaitsForModels: while no model is known, nobody can tell whether images are for adults.
func TestShareWaitsForModels(t *testing.T) {
	t.Parallel()
	row := jobWith(t, hashOf("1"))
	row.User = "7"
	s := &sharing{clicks: &clicks{db: oneJob(row)}, catalog: offering{}}
	r := &responder{click: button.ID{Verb: button.Share, Job: row.ID}}
	r.req.Person, r.req.Files = command.Person{ID: "7"}, []request.Attachment{{Name: "a.png"}}
	if _, err := s.shareable(t.Context(), r); !errors.Is(err, message.ErrReconnecting) {
		t.Errorf("got %v, want to be asked later", err)
	}
	r.req.Place.AgeRestricted = true
	if _, err := s.shareable(t.Context(), r); err != nil {
		t.Errorf("where adults are: got %v", err)
	}
}
