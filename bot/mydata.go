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
	"darkroom/bot/message"
	"darkroom/store"
)

// maxExportedJobs is how many jobs an export holds at most; the newest are preferred.
const maxExportedJobs = 20_000

// myData shows people what is kept about them, and erases it.
func (h *handler) myData(ctx context.Context) error {
	switch h.req.Sub {
	case "export":
		return h.export(ctx)
	case "erase":
		return h.replyPrivately(ctx, eraseQuestion())
	}
	return errUnknownInteraction
}

// eraseQuestion asks before something that cannot be taken back.
func eraseQuestion() message.Message {
	return message.Message{
		Content: "**Erase all that is kept about you, from every server?** It cannot be taken back.\n" +
			"• What you have waiting is cancelled.\n" +
			"• Your words, settings, start pictures and presets are forgotten. Buttons under your pictures stop working.\n" +
			"• Messages with pictures stay on Discord until you delete them there.\n" +
			"• For a day the bot still knows how many pictures you asked for, and nothing else of them.",
		Rows: []message.Row{{{Style: message.Danger, Label: "Erase all of it", ID: button.ID{Verb: button.Forget, Job: "me"}.String()}}},
	}
}

// eraseMe is the button under that question. It erases whoever presses it.
func (h *handler) eraseMe(ctx context.Context) error {
	if _, err := h.respond(ctx, message.DeferUpdate()); err != nil {
		return err
	}
	left, err := h.cancelAll(ctx)
	if err != nil {
		return err
	}
	if err := h.db.Erase(ctx, h.req.Person.ID); err != nil {
		return err
	}
	text := "Erased."
	if left > 0 {
		text += fmt.Sprintf(" %d of your requests could not be stopped any more. They are forgotten when they are finished.", left)
	}
	if _, err := h.discord.EditResponse(ctx, h.address(), message.Message{Content: text}); err != nil {
		return fmt.Errorf("tell that a person was erased: %w", err)
	}
	return nil
}

// cancelAll takes back all that the person has waiting, and returns how many could not be. A queue that does not answer
// is asked once.
func (h *handler) cancelAll(ctx context.Context) (left int, err error) {
	open, err := h.db.Unfinished(ctx, h.req.Person.ID)
	if err != nil {
		return 0, err
	}
	for i, e := range open {
		switch err := h.cancelJob(ctx, e); {
		case errors.Is(err, errReconnecting):
			return left + len(open) - i, nil
		case err == nil:
			h.inBackground(func(ctx context.Context) {
				h.correct(ctx, e, func(v decodedJob) message.Message { return message.Cancelled(v.address, v.spec, e.ID) })
			})
		case !errors.Is(err, errEnded):
			left++
		}
	}
	return left, nil
}

// export sends people a file with all that is kept about them.
func (h *handler) export(ctx context.Context) error {
	if _, err := h.respond(ctx, message.Defer(true)); err != nil {
		return err
	}
	h.deferred = true
	p, err := h.db.Person(ctx, h.req.Person.ID, maxExportedJobs)
	if err != nil {
		return err
	}
	file, err := exportFile(newExport(h.req.Person.ID, h.o.Now(), p), h.req.Place.FileLimit)
	if err != nil {
		return err
	}
	m := message.Message{Content: "This is all that is kept about you.", Files: []message.File{file}}
	if _, err := h.discord.EditResponse(ctx, h.address(), m); err != nil {
		return fmt.Errorf("send an export: %w", err)
	}
	return nil
}

// dossier is the file of an export.
type exportedData struct {
	Format      int                  `json:"format"`
	Made        time.Time            `json:"made"`
	User        string               `json:"user"`
	Jobs        []exportedJob        `json:"jobs"`
	OmittedJobs int                  `json:"older_jobs_left_out,omitempty"`
	Presets     []exportedPreset     `json:"presets"`
	Usage       []exportedUsage      `json:"painted"`
	Moderation  []exportedModeration `json:"moderator_acts"`

	Questions []json.RawMessage `json:"open_questions,omitempty"` // prompts that wait to be confirmed
}

// record is one job of a dossier. Its reply address is left out: it holds nothing about the person but a secret of the bot.
type exportedJob struct {
	ID       string          `json:"id"`
	Server   string          `json:"server"`
	Channel  string          `json:"channel"`
	Message  string          `json:"message,omitempty"`
	Verb     string          `json:"verb"`
	Parent   string          `json:"made_from,omitempty"`
	State    store.State     `json:"state"`
	Pictures int             `json:"pictures"`
	Settings json.RawMessage `json:"settings"`
	Inputs   []string        `json:"start_pictures_sha256,omitempty"`
	Outcome  json.RawMessage `json:"outcome,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	Created  time.Time       `json:"asked"`
	Updated  time.Time       `json:"last_touched"`
}

type exportedPreset struct {
	Name    string          `json:"name"`
	Options json.RawMessage `json:"options"`
	Saved   time.Time       `json:"saved"`
}

type exportedUsage struct {
	Server   string `json:"server"`
	Day      string `json:"day"` // UTC
	Pictures int    `json:"pictures"`
	Millis   int64  `json:"milliseconds"`
}

type exportedModeration struct {
	Server string          `json:"server"`
	Action string          `json:"action"`
	Detail json.RawMessage `json:"detail,omitempty"`
	At     time.Time       `json:"at"`
}

func newExport(user string, now time.Time, p store.Person) exportedData {
	d := exportedData{Format: 1, Made: now.UTC(), User: user, OmittedJobs: p.OlderJobs, Jobs: []exportedJob{}, Presets: []exportedPreset{}, Usage: []exportedUsage{}, Moderation: []exportedModeration{}}
	for _, e := range p.Jobs {
		d.Jobs = append(d.Jobs, exportedJob{
			ID: e.ID, Server: e.Server, Channel: e.Channel, Message: e.Message, Verb: e.Verb, Parent: e.Parent, State: e.State,
			Pictures: e.Pictures, Settings: e.Spec, Inputs: e.Inputs, Outcome: e.Outcome, Reason: e.Reason, Created: e.Created, Updated: e.Updated,
		})
	}
	for _, a := range p.Questions {
		d.Questions = append(d.Questions, a.Body)
	}
	for _, n := range p.Presets {
		d.Presets = append(d.Presets, exportedPreset{n.Name, n.Body, n.Updated})
	}
	for _, s := range p.Totals {
		d.Usage = append(d.Usage, exportedUsage{s.Server, s.Day.Format(time.DateOnly), s.Pictures, s.Millis})
	}
	for _, a := range p.AuditRecords {
		d.Moderation = append(d.Moderation, exportedModeration{a.Server, a.Action, a.Detail, a.At})
	}
	return d
}

// exportFile writes a dossier into a file of at most so many bytes: as it is, else compressed, else without its oldest
// jobs.
func exportFile(d exportedData, most int64) (message.File, error) {
	for {
		text, err := json.MarshalIndent(d, "", "\t")
		if err != nil {
			return message.File{}, fmt.Errorf("write an export: %w", err)
		}
		if int64(len(text)) <= most {
			return message.File{Name: "darkroom-data.json", Data: text}, nil
		}
		small, err := gzipped(text)
		if err != nil || int64(len(small)) <= most || len(d.Jobs) == 0 {
			return message.File{Name: "darkroom-data.json.gz", Data: small}, err
		}
		half := len(d.Jobs) / 2
		d.OmittedJobs += len(d.Jobs) - half
		d.Jobs = d.Jobs[:half]
	}
}

func gzipped(text []byte) ([]byte, error) {
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
