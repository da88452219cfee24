package interaction

import (
	"context"
	"slices"
	"testing"

	"darkroom/bot/command"
	"darkroom/bot/job"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// noJobs is a database without jobs.
type noJobs struct{ imagineStore }

// Unfinished lists none.
func (noJobs) Unfinished(context.Context, string) ([]store.Job, error) { return nil, nil }

// RecentlyEnded lists none.
func (noJobs) RecentlyEnded(context.Context, string, int) ([]store.Job, error) { return nil, nil }

// TestModelsOfARemix sees that models marked as NSFW are offered in age-restricted channels only, and that the own
// model is not offered twice.
func TestModelsOfARemix(t *testing.T) {
	t.Parallel()
	all := request.Available{Models: []request.Card{
		{Name: "own", Hash: hashOf("1")}, {Name: "other", Hash: hashOf("2")}, {Name: "bare", Hash: hashOf("3"), NSFW: true},
	}}
	m := &imaginer{db: noJobs{}, catalog: offering{available: all}}
	for restricted, want := range map[bool][]string{false: {"other"}, true: {"bare", "other"}} {
		r := &responder{req: command.Request{Place: command.Place{AgeRestricted: restricted}}}
		f := m.remixForm(t.Context(), r, job.Job{Spec: picture.Spec{Model: picture.Ref{Name: "own", Hash: hashOf("1")}}})
		var got []string
		for _, c := range f.Models {
			got = append(got, c.Name)
		}
		if slices.Sort(got); !slices.Equal(got, want) || f.Model != "own" {
			t.Errorf("age-restricted %v: got %q beside %q, want %q", restricted, got, f.Model, want)
		}
	}
}
