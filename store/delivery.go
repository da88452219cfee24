package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// DeliveryState is how far the images of a job got when they could not be put into the job's own message.
type DeliveryState string

// The states of a delivery, with the words that are stored. A job without a delivery was delivered by its renderer, or
// is not finished.
const (
	// Sending: the images are being sent to Channel, into Message or a new one; they may be there or not.
	Sending DeliveryState = "sending"
	Posted  DeliveryState = "posted" // Message shows the images; only cleaning up is left
	// ReofferDue: no images are left, and the bot must offer to render them again. Or the job failed, and the bot must
	// tell its owner, which offers another try.
	ReofferDue  DeliveryState = "offer"
	ReofferMade DeliveryState = "offered" // the bot made that offer
	Inbox       DeliveryState = "inbox"   // nothing can be posted: the owner finds them in /inbox
	InboxShown  DeliveryState = "shown"   // the owner saw them there
)

// Delivery is how a job's images reach their owner beside the job's own message.
type Delivery struct {
	Job     string
	User    string
	State   DeliveryState
	Channel string // where a message was, or is being, posted
	Message string // the message that was posted, or is being edited
	Reason  string // why it is in the inbox, for its owner
	At      time.Time
}

// InboxPicture is one file that waits in an inbox.
type InboxPicture struct {
	Name string
	Data []byte
}

// maxInboxBytes is how many bytes of images all inboxes hold together. The oldest images are removed first.
const maxInboxBytes = 512 << 20

// Delivery returns the delivery of a job, or the zero Delivery if it has none.
func (s *Store) Delivery(ctx context.Context, job string) (Delivery, error) {
	found, err := s.deliveries(ctx, `WHERE job = $1`, job)
	if err != nil || len(found) == 0 {
		return Delivery{}, err
	}
	return found[0], nil
}

// MarkSending records, before the images are sent to a channel, that this is about to happen: as a new message, or
// into the given one. After a crash the bot looks for them there before it sends them elsewhere.
func (s *Store) MarkSending(ctx context.Context, job, channel, message string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO deliveries (job, user_id, state, channel, message, reason, at)
		SELECT id, user_id, 'sending', $2, $3, '', $4 FROM jobs WHERE id = $1
		ON CONFLICT (job) DO UPDATE SET state = CASE deliveries.state WHEN 'offer' THEN 'offer' ELSE 'sending' END,
			channel = EXCLUDED.channel, message = EXCLUDED.message, at = EXCLUDED.at`, job, channel, message,
		millis(s.now()))
	if err != nil {
		return fmt.Errorf("mark job %s as sending: %w", job, err)
	}
	return nil
}

// MarkSent records where a message arrived: the images, or the re-offer.
func (s *Store) MarkSent(ctx context.Context, job, channel, message string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE deliveries SET channel = $2, message = $3, at = $4,
		state = CASE state WHEN 'offer' THEN 'offered' ELSE 'posted' END
		WHERE job = $1 AND state IN ('sending', 'offer')`, job, channel, message, millis(s.now()))
	if err != nil {
		return fmt.Errorf("mark job %s as sent: %w", job, err)
	}
	return nil
}

// FinishWithDelivery ends a job as Done whose images could not be posted. In the same transaction it records what
// happens instead: ReofferDue, or Inbox with as many images as there is room for. It reports whether this call ended
// the job.
func (s *Store) FinishWithDelivery(ctx context.Context, id string, outcome json.RawMessage, d Delivery,
	pictures []InboxPicture) (bool, error) {
	var ended bool
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		if ended, err = s.endIn(ctx, tx, id, ending{state: Done, outcome: outcome}); err != nil || !ended {
			return err
		}
		if err := s.setDelivery(ctx, tx, id, d); err != nil {
			return err
		}
		return s.saveInboxPictures(ctx, tx, id, pictures)
	})
	if err != nil {
		return false, fmt.Errorf("finish job %s with delivery: %w", id, err)
	}
	return ended, nil
}

func (s *Store) setDelivery(ctx context.Context, tx *sql.Tx, job string, d Delivery) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO deliveries (job, user_id, state, channel, message, reason, at)
		SELECT id, user_id, $2, '', '', $3, $4 FROM jobs WHERE id = $1
		ON CONFLICT (job) DO UPDATE SET state = EXCLUDED.state, message = '', reason = EXCLUDED.reason, at = EXCLUDED.at`,
		job, string(d.State), cleanText(d.Reason), millis(s.now()))
	return err
}

// setApologyDue records that a failed job's owner must be told. Images that arrived in a message of their own tell
// enough.
func (s *Store) setApologyDue(ctx context.Context, tx *sql.Tx, job string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO deliveries (job, user_id, state, channel, message, reason, at)
		SELECT id, user_id, 'offer', '', '', '', $2 FROM jobs WHERE id = $1
		ON CONFLICT (job) DO UPDATE SET state = EXCLUDED.state, message = '', at = EXCLUDED.at
			WHERE deliveries.state = 'sending'`, job, millis(s.now()))
	return err
}

// saveInboxPictures stores images. If all inboxes then hold too much, it removes the images of the oldest
// deliveries.
func (s *Store) saveInboxPictures(ctx context.Context, tx *sql.Tx, job string, pictures []InboxPicture) error {
	if len(pictures) == 0 {
		return nil
	}
	for i, p := range pictures {
		_, err := tx.ExecContext(ctx, `INSERT INTO inbox_pictures (job, n, name, bytes) VALUES ($1, $2, $3, $4)
			ON CONFLICT (job, n) DO NOTHING`, job, i+1, p.Name, p.Data)
		if err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM inbox_pictures WHERE job IN (SELECT job FROM (
		SELECT d.job AS job, SUM(SUM(LENGTH(f.bytes))) OVER (ORDER BY d.at DESC, d.job DESC) AS newer
		FROM deliveries d JOIN inbox_pictures f ON f.job = d.job GROUP BY d.job, d.at) AS sizes WHERE newer > $1)`,
		s.inboxBytes)
	return err
}

// MoveToInbox puts a due re-offer or apology that cannot be posted into its owner's inbox.
func (s *Store) MoveToInbox(ctx context.Context, job, reason string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE deliveries SET state = 'inbox', reason = $2, at = $3
		WHERE job = $1 AND state = 'offer'`, job, cleanText(reason), millis(s.now()))
	if err != nil {
		return fmt.Errorf("move job %s into the inbox: %w", job, err)
	}
	return nil
}

// PendingOffers returns the re-offers and apologies that are due, oldest first.
func (s *Store) PendingOffers(ctx context.Context, limit int) ([]Delivery, error) {
	return s.deliveries(ctx, `WHERE state = 'offer' ORDER BY at, job LIMIT $1`, limit)
}

// InboxOf returns a user's inbox, newest first: everything not shown yet, and what was shown since a time.
func (s *Store) InboxOf(ctx context.Context, user string, since time.Time) ([]Delivery, error) {
	return s.deliveries(ctx, `WHERE user_id = $1 AND (state = 'inbox' OR state = 'shown' AND at >= $2)
		ORDER BY at DESC, job DESC`, user, millis(since))
}

// InboxPictures returns the stored images of a delivery, in order.
func (s *Store) InboxPictures(ctx context.Context, job string) ([]InboxPicture, error) {
	var all []InboxPicture
	err := s.query(ctx, func(r *sql.Rows) error {
		var p InboxPicture
		err := r.Scan(&p.Name, &p.Data)
		all = append(all, p)
		return err
	}, `SELECT name, bytes FROM inbox_pictures WHERE job = $1 ORDER BY n`, job)
	if err != nil {
		return nil, fmt.Errorf("read inbox pictures of job %s: %w", job, err)
	}
	return all, nil
}

// MarkInboxShown records that the owner saw a delivery.
func (s *Store) MarkInboxShown(ctx context.Context, job string) error {
	_, err := s.write.ExecContext(ctx, `UPDATE deliveries SET state = 'shown', at = $2
		WHERE job = $1 AND state IN ('inbox', 'shown')`, job, millis(s.now()))
	if err != nil {
		return fmt.Errorf("mark job %s as shown: %w", job, err)
	}
	return nil
}

// PruneDeliveries removes old deliveries: shown ones after the period seen, and all others except due re-offers after
// age. Pings that were made or dropped go after age too.
func (s *Store) PruneDeliveries(ctx context.Context, seen, age time.Duration) error {
	_, err := s.write.ExecContext(ctx, `DELETE FROM deliveries WHERE state = 'shown' AND at < $1
		OR state IN ('posted', 'offered', 'inbox') AND at < $2
		OR state = 'sending' AND at < $2 AND job IN (SELECT id FROM jobs
			WHERE state IN ('done', 'failed', 'cancelled', 'expired'))`,
		millis(s.now().Add(-seen)), millis(s.now().Add(-age)))
	if err != nil {
		return fmt.Errorf("prune deliveries: %w", err)
	}
	return s.prunePings(ctx, age)
}

func (s *Store) deliveries(ctx context.Context, where string, args ...any) ([]Delivery, error) {
	var all []Delivery
	err := s.query(ctx, func(r *sql.Rows) error {
		var d Delivery
		var at int64
		err := r.Scan(&d.Job, &d.User, &d.State, &d.Channel, &d.Message, &d.Reason, &at)
		d.At = fromMillis(at)
		all = append(all, d)
		return err
	}, `SELECT job, user_id, state, channel, message, reason, at FROM deliveries `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return all, nil
}
