package job_test

import (
	"strings"
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

var spec = picture.Spec{
	Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
	Model:  picture.Ref{Name: "m", Hash: "cd"},
	Prompt: "a *red* boat", Width: 128, Height: 96, Steps: 8, Count: 4, Sampler: "ddim",
}

func fresh(t *testing.T, to message.Address) job.Job {
	t.Helper()
	j, err := job.New(store.Job{ID: "1-0", Server: "s", User: "u"}, spec, to)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestReadReturnsWhatNewMade(t *testing.T) {
	t.Parallel()
	j := fresh(t, message.Address{Token: "t", Message: message.Original, User: "u"})
	got, err := job.Read(j.Job)
	if err != nil || got.Address != j.Address || got.Title() != `a \*red\* boat` {
		t.Errorf("got %+v, %v, want %+v", got, err, j)
	}
	if key := got.ForQueue(store.Policy{}).BatchKey; key != "128x96 ddim 8" {
		t.Errorf("batch key: got %q", key)
	}
}

func TestUnreadableJobKeepsItsRow(t *testing.T) {
	t.Parallel()
	row := store.Job{ID: "1-0", Spec: []byte(`{}`), Address: []byte(`{"token":"t","message":"@original"}`)}
	j, err := job.Read(row)
	if err == nil || j.ID != "1-0" || j.Title() != "1-0" {
		t.Errorf("got %+v, %v, want the row and an error", j, err)
	}
	q := j.ForQueue(store.Policy{RunningPerUser: 3})
	if string(q.Spec) != string(row.Spec) || string(q.Address) != string(row.Address) || q.BatchKey != "" ||
		q.MaxRunning != 3 {
		t.Errorf("for the queue: got %+v, want the bytes of the row and no batch", q)
	}
}

func TestForQueueSaysMaybePosted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ leased, guessed, want bool }{
		{false, false, false}, {true, false, true}, {false, true, true}, {true, true, true},
	} {
		j := job.Job{Job: store.Job{WasLeased: c.leased}, MaybePosted: c.guessed}
		if got := j.ForQueue(store.Policy{}).MaybePosted; got != c.want {
			t.Errorf("leased %v, guessed %v: got %v, want %v", c.leased, c.guessed, got, c.want)
		}
	}
}

func TestRendererAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		to     message.Address
		change func(job.Job) job.Job
		want   message.Address
	}{
		"is the row's": {
			message.Address{Token: "t", Message: message.Original},
			func(j job.Job) job.Job { return j.WithMessage("55") },
			message.Address{Token: "t", Message: message.Original},
		},
		"names the message of a follow-up": {
			message.Address{Token: "t"},
			func(j job.Job) job.Job { return j.WithMessage("55") },
			message.Address{Token: "t", Message: "55"},
		},
		"has no token when the pictures may be in a message of their own": {
			message.Address{Token: "t", Message: message.Original, Expires: time.Unix(1, 0)},
			func(j job.Job) job.Job { j.PostedSeparately = true; return j },
			message.Address{Message: message.Original},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := message.DecodeAddress(c.change(fresh(t, c.to)).ForQueue(store.Policy{}).Address)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func TestBatchKey(t *testing.T) {
	t.Parallel()
	plain := "128x96 ddim 8"
	for name, c := range map[string]struct {
		change func(*picture.Spec)
		want   string
	}{
		"other words and another seed share a batch": {
			func(s *picture.Spec) { s.Prompt, s.Seed, s.Count = "a boat", 9, 1 }, plain,
		},
		"another size does not":     {func(s *picture.Spec) { s.Width, s.Height = 96, 128 }, "96x128 ddim 8"},
		"another sampler does not":  {func(s *picture.Spec) { s.Sampler = "euler" }, "128x96 euler 8"},
		"other steps do not":        {func(s *picture.Spec) { s.Steps = 9 }, "128x96 ddim 9"},
		"tileable images do not":    {func(s *picture.Spec) { s.Tiling = true }, plain + " tiling"},
		"a hires pass runs alone":   {func(s *picture.Spec) { s.Hires = &picture.Hires{Scale: 2} }, ""},
		"a start image runs alone":  {func(s *picture.Spec) { s.Init = &picture.Init{Strength: 0.5} }, ""},
		"an unreadable Spec, alone": {func(s *picture.Spec) { *s = picture.Spec{} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec
			c.change(&s)
			if got := (job.Job{Spec: s}).ForQueue(store.Policy{}).BatchKey; got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestJobsOfOneLaneShareABatchAtEqualStrengths(t *testing.T) {
	t.Parallel()
	ink := picture.Addon{Kind: picture.LoRA, Name: "ink", Hash: strings.Repeat("a", 64), Strength: 0.8}
	queued := func(change func(*picture.Spec)) queue.Job {
		s := spec
		s.Addons = []picture.Addon{ink}
		change(&s)
		j, err := job.New(store.Job{ID: "1-0", Server: "s", User: "u", Lane: s.Lane()}, s, message.Address{})
		if err != nil {
			t.Fatal(err)
		}
		return j.ForQueue(store.Policy{})
	}
	first := queued(func(*picture.Spec) {})
	if len(first.Needs) != 1 || first.Needs[0] != ink.Hash || strings.Count(first.Lane, ":") != 2 {
		t.Errorf("lane %q needs %q", first.Lane, first.Needs)
	}
	half := 0.5
	for name, c := range map[string]struct {
		change func(*picture.Spec)
		same   bool
	}{
		"another seed":          {func(s *picture.Spec) { s.Seed++ }, true},
		"another strength":      {func(s *picture.Spec) { s.Addons[0].Strength = 0.7 }, false},
		"another text strength": {func(s *picture.Spec) { s.Addons[0].TextStrength = &half }, false},
	} {
		other := queued(c.change)
		if other.Lane != first.Lane || (other.BatchKey == first.BatchKey) != c.same {
			t.Errorf("%s: lane %q, batch %q; the first has %q and %q",
				name, other.Lane, other.BatchKey, first.Lane, first.BatchKey)
		}
	}
}

// TestUnreadableJobNeedsTheModelAlone: its needs are not known, and any renderer can end it with the reason.
func TestUnreadableJobNeedsTheModelAlone(t *testing.T) {
	t.Parallel()
	j, _ := job.Read(store.Job{ID: "1-0", Lane: "3:cd:0123456789abcdef", Spec: []byte("{}")})
	if q := j.ForQueue(store.Policy{}); q.Lane != "3:cd" || q.Needs != nil {
		t.Errorf("lane %q needs %q", q.Lane, q.Needs)
	}
	old, err := job.New(store.Job{ID: "1-0", Lane: "3:cd"}, spec, message.Address{})
	if err != nil {
		t.Fatal(err)
	}
	old.Spec.Addons = []picture.Addon{{Kind: picture.LoRA, Hash: "a"}}
	if q := old.ForQueue(store.Policy{}); q.Lane != "3:cd" || q.Needs != nil {
		t.Errorf("a row of an earlier version: lane %q needs %q", q.Lane, q.Needs)
	}
}
