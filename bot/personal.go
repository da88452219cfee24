package bot

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/reply"
	"darkroom/store"
)

// exportMost is how many jobs an export holds at most; the newest are preferred.
const exportMost = 20_000

// myData shows people what is kept about them, and erases it.
func (t *turn) myData(ctx context.Context) error {
	switch t.req.Sub {
	case "export":
		return t.export(ctx)
	case "erase":
		return t.tell(ctx, eraseQuestion())
	}
	return errUnknownInteraction
}

// eraseQuestion asks before something that cannot be taken back.
func eraseQuestion() reply.Message {
	return reply.Message{
		Content: "**Erase all that is kept about you, from every server?** It cannot be taken back.\n" +
			"• What you have waiting is cancelled.\n" +
			"• Your words, settings, start pictures and presets are forgotten. Buttons under your pictures stop working.\n" +
			"• Messages with pictures stay on Discord until you delete them there.\n" +
			"• For a day the bot still knows how many pictures you asked for, and nothing else of them.",
		Rows: []reply.Row{{{Style: reply.Danger, Label: "Erase all of it", ID: button.ID{Verb: button.Forget, Job: "me"}.String()}}},
	}
}

// forgetMe is the button under that question. It erases whoever presses it.
func (t *turn) forgetMe(ctx context.Context) error {
	if _, err := t.answer(ctx, reply.DeferUpdate()); err != nil {
		return err
	}
	left, err := t.recallAll(ctx)
	if err != nil {
		return err
	}
	if err := t.ledger.Erase(ctx, t.req.Person.ID); err != nil {
		return err
	}
	text := "Erased."
	if left > 0 {
		text += fmt.Sprintf(" %d of your requests could not be stopped any more. They are forgotten when they are finished.", left)
	}
	if _, err := t.discord.Edit(ctx, t.to(), reply.Message{Content: text}); err != nil {
		return fmt.Errorf("tell that a person was erased: %w", err)
	}
	return nil
}

// recallAll takes back all that the person has waiting, and returns how many could not be. A queue that does not answer
// is asked once.
func (t *turn) recallAll(ctx context.Context) (left int, err error) {
	open, err := t.ledger.Unfinished(ctx, t.req.Person.ID)
	if err != nil {
		return 0, err
	}
	for i, e := range open {
		switch err := t.recall(ctx, e); {
		case errors.Is(err, errReconnecting):
			return left + len(open) - i, nil
		case err == nil:
			t.aside(func(ctx context.Context) {
				t.correct(ctx, e, func(v view) reply.Message { return reply.Withdrawn(v.to, v.spec, e.ID) })
			})
		case !errors.Is(err, errEnded):
			left++
		}
	}
	return left, nil
}

// export sends people a file with all that is kept about them.
func (t *turn) export(ctx context.Context) error {
	if _, err := t.answer(ctx, reply.Defer(true)); err != nil {
		return err
	}
	t.thinking = true
	p, err := t.ledger.Person(ctx, t.req.Person.ID, exportMost)
	if err != nil {
		return err
	}
	file, err := exportFile(dossierOf(t.req.Person.ID, t.o.Now(), p), t.req.Place.FileLimit)
	if err != nil {
		return err
	}
	m := reply.Message{Content: "This is all that is kept about you.", Files: []reply.File{file}}
	if _, err := t.discord.Edit(ctx, t.to(), m); err != nil {
		return fmt.Errorf("send an export: %w", err)
	}
	return nil
}

// dossier is the file of an export.
type dossier struct {
	Format  int         `json:"format"`
	Made    time.Time   `json:"made"`
	User    string      `json:"user"`
	Jobs    []record    `json:"jobs"`
	Older   int         `json:"older_jobs_left_out,omitempty"`
	Presets []keptName  `json:"presets"`
	Painted []painted   `json:"painted"`
	Acts    []moderated `json:"moderator_acts"`

	Questions []json.RawMessage `json:"open_questions,omitempty"` // prompts that wait to be confirmed
}

// record is one job of a dossier. Its reply address is left out: it holds nothing about the person but a secret of the bot.
type record struct {
	ID          string          `json:"id"`
	Server      string          `json:"server"`
	Channel     string          `json:"channel"`
	Message     string          `json:"message,omitempty"`
	Verb        string          `json:"verb"`
	Parent      string          `json:"made_from,omitempty"`
	State       store.State     `json:"state"`
	Pictures    int             `json:"pictures"`
	Settings    json.RawMessage `json:"settings"`
	StartFrom   []string        `json:"start_pictures_sha256,omitempty"`
	Outcome     json.RawMessage `json:"outcome,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	Asked       time.Time       `json:"asked"`
	LastTouched time.Time       `json:"last_touched"`
}

type keptName struct {
	Name    string          `json:"name"`
	Options json.RawMessage `json:"options"`
	Saved   time.Time       `json:"saved"`
}

type painted struct {
	Server   string `json:"server"`
	Day      string `json:"day"` // UTC
	Pictures int    `json:"pictures"`
	Millis   int64  `json:"milliseconds"`
}

type moderated struct {
	Server string          `json:"server"`
	Action string          `json:"action"`
	Detail json.RawMessage `json:"detail,omitempty"`
	At     time.Time       `json:"at"`
}

func dossierOf(user string, now time.Time, p store.Person) dossier {
	d := dossier{Format: 1, Made: now.UTC(), User: user, Older: p.Older, Jobs: []record{}, Presets: []keptName{}, Painted: []painted{}, Acts: []moderated{}}
	for _, e := range p.Jobs {
		d.Jobs = append(d.Jobs, record{
			ID: e.ID, Server: e.Server, Channel: e.Channel, Message: e.Message, Verb: e.Verb, Parent: e.Parent, State: e.State,
			Pictures: e.Pictures, Settings: e.Spec, StartFrom: e.Inputs, Outcome: e.Outcome, Reason: e.Reason, Asked: e.Created, LastTouched: e.Updated,
		})
	}
	for _, a := range p.Asks {
		d.Questions = append(d.Questions, a.Body)
	}
	for _, n := range p.Presets {
		d.Presets = append(d.Presets, keptName{n.Name, n.Body, n.Updated})
	}
	for _, s := range p.Spent {
		d.Painted = append(d.Painted, painted{s.Server, s.Day.Format(time.DateOnly), s.Pictures, s.Millis})
	}
	for _, a := range p.Acts {
		d.Acts = append(d.Acts, moderated{a.Server, a.Action, a.Detail, a.At})
	}
	return d
}

// exportFile writes a dossier into a file of at most so many bytes: as it is, else compressed, else without its oldest
// jobs.
func exportFile(d dossier, most int64) (reply.File, error) {
	for {
		text, err := json.MarshalIndent(d, "", "\t")
		if err != nil {
			return reply.File{}, fmt.Errorf("write an export: %w", err)
		}
		if int64(len(text)) <= most {
			return reply.File{Name: "darkroom-data.json", Data: text}, nil
		}
		small, err := zipped(text)
		if err != nil || int64(len(small)) <= most || len(d.Jobs) == 0 {
			return reply.File{Name: "darkroom-data.json.gz", Data: small}, err
		}
		half := len(d.Jobs) / 2
		d.Older += len(d.Jobs) - half
		d.Jobs = d.Jobs[:half]
	}
}

func zipped(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		return nil, fmt.Errorf("compress an export: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress an export: %w", err)
	}
	return b.Bytes(), nil
}
