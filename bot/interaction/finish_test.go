package interaction

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/command"
	"darkroom/bot/message"
	"darkroom/store"
)

// oneJob finds one job, whatever its id.
type oneJob store.Job

// Find finds it.
func (j oneJob) Find(context.Context, string) (store.Job, error) { return store.Job(j), nil }

// TestFinishRefuses sees which drafts cannot be finished: those whose start image was never copied, images that are no
// draft, and tiles that a draft does not have.
func TestFinishRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		address string
		tile    int
		want    error
	}{
		"without its start image": {`{"draft":20,"start":true}`, 0, message.ErrInputGone},
		"no draft":                {`{}`, 0, message.ErrOldButton},
		"a tile too far":          {`{"draft":20}`, 2, message.ErrOldButton},
	} {
		row := jobWith(t, hashOf("1")) // it has one tile
		row.User, row.Address = "7", json.RawMessage(c.address)
		p := &repainter{clicks: &clicks{db: oneJob(row)}}
		r := &responder{click: button.ID{Verb: button.Finish, Job: row.ID, Tile: c.tile}}
		r.req.Person = command.Person{ID: "7"}
		if err := p.finish(t.Context(), r); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
