package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// MaxPresets is how many presets a user may have: Discord suggests at most 25 values for an option.
const MaxPresets = 25

// ErrTooManyPresets means that the user has MaxPresets already.
var ErrTooManyPresets = errors.New("too many presets")

// Preset is a user's own name for a set of options. It works in every server.
type Preset struct {
	Name    string
	Body    json.RawMessage // in the caller's own JSON
	Updated time.Time
}

// SavePreset stores a preset of a user. It replaces one with the same name. ErrTooManyPresets means that the user would
// have more than MaxPresets.
func (s *Store) SavePreset(ctx context.Context, user, name string, body json.RawMessage) error {
	if user == "" || name == "" || !json.Valid(body) {
		return errors.New("save preset: needs a user, a name and JSON")
	}
	name = cleanText(name)
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.lockExclusive(ctx, tx, lockName("presets", user)); err != nil {
			return err
		}
		var others int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM presets WHERE user_id = $1 AND name <> $2`,
			user, name).Scan(&others)
		if err != nil {
			return err
		}
		if others >= MaxPresets {
			return ErrTooManyPresets
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO presets (user_id, name, body, updated) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id, name) DO UPDATE SET body = EXCLUDED.body, updated = EXCLUDED.updated`,
			user, name, string(body), millis(s.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("save preset %s: %w", name, err)
	}
	return nil
}

// Presets returns the presets of a user in the order of their names.
func (s *Store) Presets(ctx context.Context, user string) ([]Preset, error) {
	var all []Preset
	err := s.query(ctx, func(r *sql.Rows) error {
		var p Preset
		var body string
		var updated int64
		err := r.Scan(&p.Name, &body, &updated)
		p.Body, p.Updated = rawJSON(body), fromMillis(updated)
		all = append(all, p)
		return err
	}, `SELECT name, body, updated FROM presets WHERE user_id = $1 ORDER BY name`, user)
	if err != nil {
		return nil, fmt.Errorf("read presets: %w", err)
	}
	return all, nil
}

// Preset returns one preset of a user, or ErrNotFound.
func (s *Store) Preset(ctx context.Context, user, name string) (Preset, error) {
	all, err := s.Presets(ctx, user)
	if err != nil {
		return Preset{}, err
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, fmt.Errorf("read preset %s: %w", name, ErrNotFound)
}

// DeletePreset removes a preset of a user, or returns ErrNotFound.
func (s *Store) DeletePreset(ctx context.Context, user, name string) error {
	r, err := s.write.ExecContext(ctx, `DELETE FROM presets WHERE user_id = $1 AND name = $2`, user, cleanText(name))
	if err != nil {
		return fmt.Errorf("delete preset %s: %w", name, err)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return fmt.Errorf("delete preset %s: %w", name, ErrNotFound)
	}
	return nil
}
