package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Meta returns the value stored under a name, or "" if there is none. It holds small facts such as the hash of the
// registered commands.
func (s *Store) Meta(ctx context.Context, name string) (string, error) {
	var value string
	err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return value, nil
}

// SetMeta stores a value under a name.
func (s *Store) SetMeta(ctx context.Context, name, value string) error {
	_, err := s.write.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value`, name, cleanText(value))
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// MetaOnce stores a value under a name that has none yet, and returns what is stored there. Of several processes that
// do so at once, all get the same.
func (s *Store) MetaOnce(ctx context.Context, name, value string) (string, error) {
	_, err := s.write.ExecContext(ctx, `INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`,
		name, cleanText(value))
	if err != nil {
		return "", fmt.Errorf("save %s once: %w", name, err)
	}
	return s.Meta(ctx, name)
}
