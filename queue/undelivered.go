package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// DeliveredLater is what an Outcome's Delivered says of pictures that were left in the tray.
const DeliveredLater = "tray"

// Delivery is what a renderer could not post itself: finished pictures for the bot to bring.
type Undelivered struct {
	Job         string          // job id; one delivery each
	Address     json.RawMessage // where it should have gone; opaque here
	Outcome     Outcome         // as it rides in Done
	MaybePosted bool            // it may have been posted before: who leaves it could not look
	Files       []Attachment
}

// Attachment is a file of a Delivery.
type Attachment struct {
	Name  string
	Bytes []byte
}

// slip is what lies in the tray beside the bytes.
type undeliveredRecord struct {
	Job         string          `json:"job"`
	Address     json.RawMessage `json:"reply"`
	Outcome     Outcome         `json:"outcome"`
	MaybePosted bool            `json:"look,omitempty"`
	Names       []string        `json:"names"`
}

// PutUndelivered lays a delivery into the tray, once for each job, or returns ErrUndeliveredFull. The tray belongs to no epoch.
func (q *Queue) PutUndelivered(ctx context.Context, d Undelivered) error {
	s := undeliveredRecord{Job: d.Job, Address: d.Address, Outcome: d.Outcome, MaybePosted: d.MaybePosted}
	files := make([]any, len(d.Files))
	for i, f := range d.Files {
		s.Names = append(s.Names, f.Name)
		files[i] = f.Bytes
	}
	b, err := encode(s)
	if err != nil {
		return fmt.Errorf("put job %s into the tray: %w", d.Job, err)
	}
	r, err := q.run(ctx, putUndeliveredScript, anyEpoch, append([]any{d.Job, b, q.opts.MaxUndelivered, q.opts.UndeliveredBytes}, files...)...)
	if err != nil {
		return fmt.Errorf("put job %s into the tray: %w", d.Job, err)
	}
	if r.code() == "FULL" {
		return fmt.Errorf("put job %s into the tray: %w", d.Job, ErrUndeliveredFull)
	}
	return nil
}

// IsUndelivered tells whether a delivery of a job lies in the tray: whoever gets the job again need not paint it, and must not
// post it.
func (q *Queue) IsUndelivered(ctx context.Context, job string) (bool, error) {
	r, err := q.run(ctx, isUndeliveredScript, anyEpoch, job)
	if err != nil {
		return false, fmt.Errorf("look for job %s in the tray: %w", job, err)
	}
	return r.text(1) == "1", nil
}

// TakeUndelivered takes up to n deliveries, the oldest first. One that is not acknowledged within Options.UndeliveredLease comes up
// again, so a delivery may be met twice. One that cannot be read is an error, and keeps no other back.
func (q *Queue) TakeUndelivered(ctx context.Context, n int) ([]Undelivered, error) {
	r, err := q.run(ctx, takeUndeliveredScript, anyEpoch, n, ms(q.opts.UndeliveredLease))
	if err != nil {
		return nil, fmt.Errorf("take from the tray: %w", err)
	}
	var all []Undelivered
	for i := 1; i < len(r); i++ {
		d, unread := readUndelivered(r.list(i))
		if unread != nil {
			err = errors.Join(err, fmt.Errorf("take from the tray: %w", unread))
			continue
		}
		all = append(all, d)
	}
	return all, err
}

func readUndelivered(words reply) (Undelivered, error) {
	var s undeliveredRecord
	if err := json.Unmarshal([]byte(words.text(0)), &s); err != nil {
		return Undelivered{}, fmt.Errorf("read slip: %w", err)
	}
	if len(words) != len(s.Names)+1 {
		return Undelivered{}, fmt.Errorf("job %s: %d files, want %d", s.Job, len(words)-1, len(s.Names))
	}
	d := Undelivered{Job: s.Job, Address: s.Address, Outcome: s.Outcome, MaybePosted: s.MaybePosted}
	for i, name := range s.Names {
		d.Files = append(d.Files, Attachment{Name: name, Bytes: []byte(words.text(i + 1))})
	}
	return d, nil
}

// AckUndelivered drops a delivery that has arrived, or never will.
func (q *Queue) AckUndelivered(ctx context.Context, job string) error {
	if _, err := q.run(ctx, ackUndeliveredScript, anyEpoch, job); err != nil {
		return fmt.Errorf("acknowledge job %s: %w", job, err)
	}
	return nil
}
