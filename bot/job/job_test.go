package job_test

import (
	"testing"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
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
