package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Preferences are what a user wants where a request does not say it. They count in every server. The zero value says
// nothing. The JSON is stored, so its names stay.
type Preferences struct {
	Options  map[string]string `json:"options,omitempty"`  // of /imagine, by their names
	Suffix   string            `json:"suffix,omitempty"`   // is put behind every prompt
	Remix    bool              `json:"remix,omitempty"`    // buttons that make new images open the form of a remix first
	Language string            `json:"language,omitempty"` // its tag; empty for the one of the user's Discord
	Ping     bool              `json:"ping,omitempty"`     // the user is pinged when a request ends
}

// ServerSettings are what a server's moderators want where a request and the user's preferences do not say it. The zero
// value says nothing. The JSON is stored and stands in the audit trail, so its names stay.
type ServerSettings struct {
	Options  map[string]string `json:"options,omitempty"`  // of /imagine, by their names
	Language string            `json:"language,omitempty"` // its tag; empty for the one of the server's Discord
}

// Settings are what counts for a user in a server where a request does not say it.
type Settings struct {
	Person Preferences
	Server ServerSettings
}

// Settings returns what counts for a user in a server, in one read. It is empty where nobody set anything, and where a
// row is not readable: a newer program may have written it.
func (s *Store) Settings(ctx context.Context, server, user string) (Settings, error) {
	var all Settings
	var person, ofServer string
	err := s.read.QueryRowContext(ctx, `SELECT
		COALESCE((SELECT body FROM preferences WHERE user_id = $1), ''),
		COALESCE((SELECT body FROM server_settings WHERE server = $2), '')`, user, server).Scan(&person, &ofServer)
	if err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	all.Person, all.Server = decodeOrZero[Preferences](person), decodeOrZero[ServerSettings](ofServer)
	return all, nil
}

// decodeOrZero reads stored JSON; the zero value if it is none.
func decodeOrZero[T any](body string) (v T) {
	if json.Unmarshal([]byte(body), &v) != nil {
		var zero T
		return zero
	}
	return v
}

// ChangePreferences changes a user's preferences and returns what they are then. Preferences that say nothing are not
// stored. change may be called twice.
func (s *Store) ChangePreferences(ctx context.Context, user string, change func(*Preferences)) (Preferences, error) {
	if user == "" {
		return Preferences{}, errors.New("change preferences: needs a user")
	}
	var now Preferences
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		now, err = changeBody(ctx, s, tx, bodyRow{table: "preferences", key: "user_id", id: user}, change)
		return err
	})
	if err != nil {
		return Preferences{}, fmt.Errorf("change preferences: %w", err)
	}
	return now, nil
}

// ChangeServerSettings changes a server's settings, records who did it, and returns what they are then. Settings that
// say nothing are not stored. change may be called twice.
func (s *Store) ChangeServerSettings(
	ctx context.Context, server, by string, change func(*ServerSettings),
) (ServerSettings, error) {
	if server == "" {
		return ServerSettings{}, errors.New("change server settings: needs a server")
	}
	var now ServerSettings
	err := s.inTx(ctx, func(tx *sql.Tx) (err error) {
		now, err = changeBody(ctx, s, tx, bodyRow{table: "server_settings", key: "server", id: server}, change)
		if err != nil {
			return err
		}
		return s.writeAudit(ctx, tx, server, by, ActSetSettings, now)
	})
	if err != nil {
		return ServerSettings{}, fmt.Errorf("change settings of %s: %w", server, err)
	}
	return now, nil
}

// bodyRow names a row that holds one JSON value. table and key are written by this package only.
type bodyRow struct{ table, key, id string }

// changeBody changes the JSON of a row. A zero value has no row.
func changeBody[T any](ctx context.Context, s *Store, tx *sql.Tx, row bodyRow, change func(*T)) (T, error) {
	var v T
	if err := s.dialect.lockExclusive(ctx, tx, lockName(row.table, row.id)); err != nil {
		return v, err
	}
	var body string
	err := tx.QueryRowContext(ctx, `SELECT body FROM `+row.table+` WHERE `+row.key+` = $1`, row.id).Scan(&body)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return v, err
	}
	v = decodeOrZero[T](body)
	change(&v)
	encoded, err := json.Marshal(v)
	if err != nil {
		return v, fmt.Errorf("write JSON: %w", err)
	}
	if string(encoded) == "{}" {
		_, err = tx.ExecContext(ctx, `DELETE FROM `+row.table+` WHERE `+row.key+` = $1`, row.id)
		return v, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO `+row.table+` (`+row.key+`, body, updated) VALUES ($1, $2, $3)
		ON CONFLICT (`+row.key+`) DO UPDATE SET body = EXCLUDED.body, updated = EXCLUDED.updated`,
		row.id, string(encoded), millis(s.now()))
	return v, err
}

// PreferenceRow is the stored preferences of a user.
type PreferenceRow struct {
	Body    json.RawMessage
	Updated time.Time
}

// preferenceRow returns the row of a user; the zero value if there is none.
func (s *Store) preferenceRow(ctx context.Context, user string) (row PreferenceRow, err error) {
	var body string
	var updated int64
	err = s.read.QueryRowContext(ctx, `SELECT body, updated FROM preferences WHERE user_id = $1`, user).
		Scan(&body, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return PreferenceRow{}, nil
	}
	return PreferenceRow{Body: rawJSON(body), Updated: fromMillis(updated)}, err
}
