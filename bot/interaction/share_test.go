package interaction

import (
	"errors"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// TestShareWaitsForModels: while a renderer with the model and the add-ons is missing, nobody can tell whether images
// are for adults.
func TestShareWaitsForModels(t *testing.T) {
	t.Parallel()
	row := jobWith(t, hashOf("1"))
	row.User = "7"
	model, lora := request.Card{Hash: hashOf("a3")}, request.AddonCard{Kind: picture.LoRA, Hash: hashOf("1")}
	adult := lora
	adult.NSFW = true
	r := &responder{click: button.ID{Verb: button.Share, Job: row.ID}}
	r.req.Person, r.req.Files = command.Person{ID: "7"}, []request.Attachment{{Name: "a.png"}}
	for _, c := range []struct {
		available request.Available
		want      error
	}{
		{request.Available{}, message.ErrShareUnknown},
		{request.Available{Models: []request.Card{model}}, message.ErrShareUnknown},
		{request.Available{Models: []request.Card{{Hash: hashOf("b")}}, Addons: []request.AddonCard{lora}},
			message.ErrShareUnknown},
		{request.Available{Models: []request.Card{model}, Addons: []request.AddonCard{adult}}, message.ErrShareAdult},
		{request.Available{Models: []request.Card{model}, Addons: []request.AddonCard{lora}}, nil},
	} {
		s := &sharing{clicks: &clicks{db: oneJob(row)}, catalog: offering{available: c.available}}
		r.req.Place.AgeRestricted = false
		if _, err := s.shareable(t.Context(), r); !errors.Is(err, c.want) {
			t.Errorf("with %+v: got %v, want %v", c.available, err, c.want)
		}
		r.req.Place.AgeRestricted = true
		if _, err := s.shareable(t.Context(), r); err != nil {
			t.Errorf("where adults are: got %v", err)
		}
	}
}
