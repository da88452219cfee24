package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// DeliveredLater is the Outcome.Delivered of undelivered results. The value is stored in SQL, so it keeps its old word.
const DeliveredLater = "tray"

// Undelivered is a result that a renderer could not post: finished images for the bot to deliver.
type Undelivered struct {
	Job         string          // job id; one result for each
	Address     json.RawMessage // where it should have gone; the queue does not read it
	Outcome     Outcome         // as in Done
	MaybePosted bool            // it may have been posted: the renderer could not check
	Files       []Attachment
}

// Attachment is a file of an undelivered result.
type Attachment struct {
	Name  string
	Bytes []byte
}

// undeliveredRecord is stored beside the bytes. Its JSON names are those of older versions.
type undeliveredRecord struct {
	Job         string          `json:"job"`
	Address     json.RawMessage `json:"reply"`
	Outcome     Outcome         `json:"outcome"`
	MaybePosted bool            `json:"look,omitempty"`
	Names       []string        `json:"names"`
}

// PutUndelivered stores a result, once for each job, or returns ErrUndeliveredFull. It does not depend on the epoch.
func (q *Queue) PutUndelivered(ctx context.Context, d Undelivered) error {
	s := undeliveredRecord{Job: d.Job, Address: d.Address, Outcome: d.Outcome, MaybePosted: d.MaybePosted}
	files := make([]any, len(d.Files))
	for i, f := range d.Files {
		s.Names = append(s.Names, f.Name)
		files[i] = f.Bytes
	}
	b, err := encode(s)
	if err != nil {
		return fmt.Errorf("put undelivered job %s: %w", d.Job, err)
	}
	args := append([]any{d.Job, b, q.opts.MaxUndelivered, q.opts.UndeliveredBytes}, files...)
	r, err := q.run(ctx, putUndeliveredScript, anyEpoch, args...)
	if err != nil {
		return fmt.Errorf("put undelivered job %s: %w", d.Job, err)
	}
	if r.code() == "FULL" {
		return fmt.Errorf("put undelivered job %s: %w", d.Job, ErrUndeliveredFull)
	}
	return nil
}

// IsUndelivered tells whether a job has an undelivered result. Then it need not be rendered again, and only the bot may
// post it.
func (q *Queue) IsUndelivered(ctx context.Context, job string) (bool, error) {
	r, err := q.run(ctx, isUndeliveredScript, anyEpoch, job)
	if err != nil {
		return false, fmt.Errorf("is job %s undelivered: %w", job, err)
	}
	return r.text(1) == "1", nil
}

// TakeUndelivered takes up to n results, the oldest first. A result that is not acknowledged within
// Options.UndeliveredLease comes up again, so it may be taken twice. One that cannot be read is an error and does not
// block the others.
func (q *Queue) TakeUndelivered(ctx context.Context, n int) ([]Undelivered, error) {
	r, err := q.run(ctx, takeUndeliveredScript, anyEpoch, n, ms(q.opts.UndeliveredLease))
	if err != nil {
		return nil, fmt.Errorf("take undelivered: %w", err)
	}
	var all []Undelivered
	for i := 1; i < len(r); i++ {
		d, unread := readUndelivered(r.list(i))
		if unread != nil {
			err = errors.Join(err, fmt.Errorf("take undelivered: %w", unread))
			continue
		}
		all = append(all, d)
	}
	return all, err
}

func readUndelivered(words reply) (Undelivered, error) {
	var s undeliveredRecord
	if err := json.Unmarshal([]byte(words.text(0)), &s); err != nil {
		return Undelivered{}, fmt.Errorf("read record: %w", err)
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

// AckUndelivered deletes a result that has arrived or never will.
func (q *Queue) AckUndelivered(ctx context.Context, job string) error {
	if _, err := q.run(ctx, ackUndeliveredScript, anyEpoch, job); err != nil {
		return fmt.Errorf("acknowledge job %s: %w", job, err)
	}
	return nil
}
