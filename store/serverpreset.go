package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// SaveServerPreset stores a preset that everybody in a server may use, and records who did it. It replaces one with the
// same name. ErrTooManyPresets means that the server would have more than MaxPresets.
func (s *Store) SaveServerPreset(ctx context.Context, server, name string, body json.RawMessage, by string) error {
	if server == "" || name == "" || !json.Valid(body) {
		return errors.New("save server preset: needs a server, a name and JSON")
	}
	name = cleanText(name)
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		if err := s.dialect.lockExclusive(ctx, tx, lockName("server_presets", server)); err != nil {
			return err
		}
		var others int
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM server_presets WHERE server = $1 AND name <> $2`,
			server, name).Scan(&others)
		if err != nil {
			return err
		}
		if others >= MaxPresets {
			return ErrTooManyPresets
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO server_presets (server, name, body, updated) VALUES ($1, $2, $3, $4)
			ON CONFLICT (server, name) DO UPDATE SET body = EXCLUDED.body, updated = EXCLUDED.updated`,
			server, name, string(body), millis(s.now()))
		if err != nil {
			return err
		}
		return s.writeAudit(ctx, tx, server, by, ActSavePreset, map[string]any{"name": name, "options": body})
	})
	if err != nil {
		return fmt.Errorf("save preset %s of server %s: %w", name, server, err)
	}
	return nil
}

// DeleteServerPreset removes a preset of a server and records who did it, or returns ErrNotFound.
func (s *Store) DeleteServerPreset(ctx context.Context, server, name, by string) error {
	name = cleanText(name)
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM server_presets WHERE server = $1 AND name = $2`, server, name)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 {
			return ErrNotFound
		}
		return s.writeAudit(ctx, tx, server, by, ActDeletePreset, map[string]any{"name": name})
	})
	if err != nil {
		return fmt.Errorf("delete preset %s of server %s: %w", name, server, err)
	}
	return nil
}

// PresetsFor returns the presets that a user may name in a server: their own, and those of the server, each in the
// order of their names. Both together are one read.
func (s *Store) PresetsFor(ctx context.Context, server, user string) (own, ofServer []Preset, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		var p Preset
		var isOwn bool
		var body string
		var updated int64
		err := r.Scan(&isOwn, &p.Name, &body, &updated)
		p.Body, p.Updated = rawJSON(body), fromMillis(updated)
		if isOwn {
			own = append(own, p)
		} else {
			ofServer = append(ofServer, p)
		}
		return err
	}, `SELECT TRUE, name, body, updated FROM presets WHERE user_id = $1
		UNION ALL SELECT FALSE, name, body, updated FROM server_presets WHERE server = $2 ORDER BY 2`, user, server)
	if err != nil {
		return nil, nil, fmt.Errorf("read presets of a user and of server %s: %w", server, err)
	}
	return own, ofServer, nil
}

// FindPreset returns the preset that a name means to a user in a server: their own, or else the server's, or
// ErrNotFound.
func (s *Store) FindPreset(ctx context.Context, server, user, name string) (Preset, error) {
	own, ofServer, err := s.PresetsFor(ctx, server, user)
	if err != nil {
		return Preset{}, err
	}
	for _, p := range append(own, ofServer...) {
		if p.Name == name {
			return p, nil
		}
	}
	return Preset{}, fmt.Errorf("read preset %s: %w", name, ErrNotFound)
}
