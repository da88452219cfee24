package job

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// Job is a row of the store with its opaque parts decoded. Job.Job.Spec and Job.Job.Address are the bytes of the row.
type Job struct {
	store.Job
	Spec    picture.Spec
	Address message.Address // complete: it names the job's message if that is known

	// MaybePosted says that a renderer may have posted the job although SQL does not know that it was leased. The row
	// does not hold it: whoever enqueues the job decides. ForQueue passes it on, together with WasLeased.
	MaybePosted bool
}

// New makes a job of a row without Spec and Address, and encodes both into the row.
func New(row store.Job, spec picture.Spec, to message.Address) (Job, error) {
	text, err := spec.Encode()
	if err != nil {
		return Job{}, err
	}
	row.Spec, row.Address = text, to.Encode()
	return Job{Job: row, Spec: spec, Address: complete(to, row)}, nil
}

// Read decodes a row. A job that cannot be read, because it was erased or is of another version, comes with an error.
// Its row can still be used.
func Read(row store.Job) (Job, error) {
	j := Job{Job: row}
	to, err := message.DecodeAddress(row.Address)
	if err != nil {
		return j, err
	}
	j.Address = complete(to, row)
	if j.Spec, err = picture.Decode(row.Spec); err != nil {
		return j, err
	}
	return j, nil
}

// complete fills in the message of a job whose answer is a follow-up: its id was not known when the row was written.
func complete(to message.Address, row store.Job) message.Address {
	if to.Message == "" {
		to.Message = row.Message
	}
	return to
}

// WithMessage returns the job with the id of its message.
func (j Job) WithMessage(id string) Job {
	j.Message = id
	j.Address = complete(j.Address, j.Job)
	return j
}

// WithSpec returns the job with another Spec, encoded into its row.
func (j Job) WithSpec(s picture.Spec) (Job, error) {
	text, err := s.Encode()
	if err != nil {
		return Job{}, err
	}
	j.Spec, j.Job.Spec = s, text
	return j, nil
}

// Outcome is the result of the job; the zero Outcome while it is not done.
func (j Job) Outcome() (out queue.Outcome) {
	if err := json.Unmarshal(j.Job.Outcome, &out); err != nil {
		return queue.Outcome{} // it ended without one, or another version wrote it
	}
	return out
}

// ForQueue is the job as the queue carries it, under the policy of its server.
func (j Job) ForQueue(p store.Policy) queue.Job {
	lane, needs := j.lane()
	return queue.Job{
		ID: j.ID, Lane: lane, Needs: needs, Server: j.Server, User: j.User, Cost: j.Cost, Spec: j.Job.Spec,
		Address: j.rendererAddress(), Inputs: j.Inputs, MaybePosted: j.WasLeased || j.MaybePosted,
		WasRunning: j.State == store.Running,
		Pictures:   j.Pictures, MaxRunning: p.RunningPerUser, Weight: j.Weight, BatchKey: j.batchKey(), Crashes: j.Crashes,
	}
}

// lane returns the job's lane, and what a renderer must have beside the model for it. A row that cannot be read waits
// with those that need the model alone: a renderer ends it with the reason.
func (j Job) lane() (lane string, needs []string) {
	if j.Lane == j.Spec.Lane() {
		return j.Lane, j.Spec.Needs()
	}
	return picture.ModelLane(j.Lane), nil
}

// rendererAddress is where a renderer posts. If the images may be in a message of their own, or the job's message is
// not known, the address has no token and no end of one: the renderer then leaves the images to the bot.
func (j Job) rendererAddress() json.RawMessage {
	to := j.Address
	switch {
	case to == message.Address{}: // it cannot be read
		return j.Job.Address
	case j.PostedSeparately, to.Message == "":
		to.Token, to.Expires = "", time.Time{}
	case !j.IsFollowUp(): // the row's address is complete
		return j.Job.Address
	}
	return to.Encode()
}

// IsFollowUp tells whether the job's message is a follow-up: the first answer of its interaction is another message.
func (j Job) IsFollowUp() bool { return j.Address.Message == j.Message }

// batchKey names what jobs must have in common to be rendered together: a renderer may take jobs of several people at
// once. An empty key means alone. Jobs of one lane have the same add-ons; here they also have the same strengths, in
// the same order.
func (j Job) batchKey() string {
	s := j.Spec
	if s.Version == 0 || s.Init != nil || s.Hires != nil || s.Upscale != nil {
		return ""
	}
	key := fmt.Sprintf("%dx%d %s %d", s.Width, s.Height, s.Sampler, s.Steps)
	if s.Tiling {
		key += " tiling" // it needs another network
	}
	return key + strengths(s.Addons)
}

// strengths names the strengths of add-ons: one call of the UNet has one of each. The renderer puts no others together.
func strengths(addons []picture.Addon) string {
	var key strings.Builder
	for _, a := range addons {
		if a.Idle() {
			continue
		}
		fmt.Fprintf(&key, " %s %v", a.Hash, a.Strength)
		if a.TextStrength != nil {
			fmt.Fprintf(&key, " text %v", *a.TextStrength)
		}
	}
	return key.String()
}

// CancelID is the custom_id of the button that cancels the job.
func (j Job) CancelID() string { return button.ID{Verb: button.Cancel, Job: j.ID}.String() }

// RemixID is the custom_id of a button that only the message with the job's images has.
func (j Job) RemixID() string { return button.ID{Verb: button.Remix, Job: j.ID}.String() }

// ShowID is the custom_id of the button that renders lost images again.
func (j Job) ShowID() string { return button.ID{Verb: button.Show, Job: j.ID}.String() }

// Title is the job in a list: its prompt, shortened and escaped.
func (j Job) Title() string {
	if j.Spec.Version == 0 {
		return j.ID // it cannot be read
	}
	return message.PromptLine(message.PromptText(j.Spec))
}
