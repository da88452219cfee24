package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// DeliveredTray is what an Outcome's Delivered says of pictures that were left in the tray.
const DeliveredTray = "tray"

// Delivery is what a renderer could not post itself: finished pictures for the bot to bring.
type Delivery struct {
	Job     string          // job id; one delivery each
	Reply   json.RawMessage // where it should have gone; opaque here
	Outcome Outcome         // as it rides in Done
	Look    bool            // it may have been posted before: who leaves it could not look
	Files   []Attachment
}

// Attachment is a file of a Delivery.
type Attachment struct {
	Name  string
	Bytes []byte
}

// slip is what lies in the tray beside the bytes.
type slip struct {
	Job     string          `json:"job"`
	Reply   json.RawMessage `json:"reply"`
	Outcome Outcome         `json:"outcome"`
	Look    bool            `json:"look,omitempty"`
	Names   []string        `json:"names"`
}

// PutTray lays a delivery into the tray, once for each job, or returns ErrTrayFull. The tray belongs to no epoch.
func (q *Queue) PutTray(ctx context.Context, d Delivery) error {
	s := slip{Job: d.Job, Reply: d.Reply, Outcome: d.Outcome, Look: d.Look}
	files := make([]any, len(d.Files))
	for i, f := range d.Files {
		s.Names = append(s.Names, f.Name)
		files[i] = f.Bytes
	}
	b, err := encode(s)
	if err != nil {
		return fmt.Errorf("put job %s into the tray: %w", d.Job, err)
	}
	r, err := q.run(ctx, trayPutScript, anyEpoch, append([]any{d.Job, b, q.opts.MaxTray, q.opts.TrayBytes}, files...)...)
	if err != nil {
		return fmt.Errorf("put job %s into the tray: %w", d.Job, err)
	}
	if r.code() == "FULL" {
		return fmt.Errorf("put job %s into the tray: %w", d.Job, ErrTrayFull)
	}
	return nil
}

// InTray tells whether a delivery of a job lies in the tray: whoever gets the job again need not paint it, and must not
// post it.
func (q *Queue) InTray(ctx context.Context, job string) (bool, error) {
	r, err := q.run(ctx, trayHasScript, anyEpoch, job)
	if err != nil {
		return false, fmt.Errorf("look for job %s in the tray: %w", job, err)
	}
	return r.text(1) == "1", nil
}

// TakeTray takes up to n deliveries, the oldest first. One that is not acknowledged within Options.TrayLease comes up
// again, so a delivery may be met twice. One that cannot be read is an error, and keeps no other back.
func (q *Queue) TakeTray(ctx context.Context, n int) ([]Delivery, error) {
	r, err := q.run(ctx, trayTakeScript, anyEpoch, n, ms(q.opts.TrayLease))
	if err != nil {
		return nil, fmt.Errorf("take from the tray: %w", err)
	}
	var all []Delivery
	for i := 1; i < len(r); i++ {
		d, unread := readDelivery(r.list(i))
		if unread != nil {
			err = errors.Join(err, fmt.Errorf("take from the tray: %w", unread))
			continue
		}
		all = append(all, d)
	}
	return all, err
}

func readDelivery(words reply) (Delivery, error) {
	var s slip
	if err := json.Unmarshal([]byte(words.text(0)), &s); err != nil {
		return Delivery{}, fmt.Errorf("read slip: %w", err)
	}
	if len(words) != len(s.Names)+1 {
		return Delivery{}, fmt.Errorf("job %s: %d files, want %d", s.Job, len(words)-1, len(s.Names))
	}
	d := Delivery{Job: s.Job, Reply: s.Reply, Outcome: s.Outcome, Look: s.Look}
	for i, name := range s.Names {
		d.Files = append(d.Files, Attachment{Name: name, Bytes: []byte(words.text(i + 1))})
	}
	return d, nil
}

// AckTray drops a delivery that has arrived, or never will.
func (q *Queue) AckTray(ctx context.Context, job string) error {
	if _, err := q.run(ctx, trayAckScript, anyEpoch, job); err != nil {
		return fmt.Errorf("acknowledge job %s: %w", job, err)
	}
	return nil
}
