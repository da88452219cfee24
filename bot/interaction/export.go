package interaction

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"time"

	"darkroom/bot/message"
	"darkroom/store"
)

// exportedData is the file of an export.
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

	Preferences json.RawMessage `json:"preferences,omitempty"` // what /prefer holds

	Posts      []exportedPost     `json:"posts,omitempty"`      // pings, and private images that were shared
	Deliveries []exportedDelivery `json:"deliveries,omitempty"` // how images came beside the message of their job
}

// exportedJob is one job of an export. It has no address: an address says nothing about the person and holds a secret
// of the bot.
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

// exportedPost is a message about a job beside the job's own.
type exportedPost struct {
	Job     string          `json:"job"`
	Kind    string          `json:"kind"`
	State   store.PostState `json:"state"`
	Channel string          `json:"channel,omitempty"`
	Message string          `json:"message,omitempty"`
	At      time.Time       `json:"at"`
}

// exportedDelivery is how the images of a job came.
type exportedDelivery struct {
	Job     string              `json:"job"`
	State   store.DeliveryState `json:"state"`
	Channel string              `json:"channel,omitempty"`
	Message string              `json:"message,omitempty"`
	Reason  string              `json:"reason,omitempty"`
	At      time.Time           `json:"at"`
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
	d := exportedData{
		Format: 1, Made: now.UTC(), User: user, OmittedJobs: p.OlderJobs, Jobs: []exportedJob{}, Presets: []exportedPreset{},
		Usage: []exportedUsage{}, Moderation: []exportedModeration{},
	}
	if body := p.Preferences.Body; len(body) > 0 {
		d.Preferences = body
	}
	for _, e := range p.Jobs {
		d.Jobs = append(d.Jobs, exportedJob{
			ID: e.ID, Server: e.Server, Channel: e.Channel, Message: e.Message, Verb: e.Verb, Parent: e.Parent, State: e.State,
			Pictures: e.Pictures, Settings: e.Spec, Inputs: e.Inputs, Outcome: e.Outcome, Reason: e.Reason, Created: e.Created,
			Updated: e.Updated,
		})
	}
	for _, a := range p.Questions {
		d.Questions = append(d.Questions, a.Body)
	}
	for _, m := range p.Posts {
		d.Posts = append(d.Posts, exportedPost(m))
	}
	for _, e := range p.Deliveries {
		d.Deliveries = append(d.Deliveries, exportedDelivery{e.Job, e.State, e.Channel, e.Message, e.Reason, e.At})
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

// exportFile writes the data into a file of at most so many bytes. It compresses the data if need be, and then leaves
// out the oldest jobs.
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
