//go:build unix

package store_test

import (
	"testing"

	"darkroom/store"
	"darkroom/store/postgrestest"
)

// TestPostgres runs on a server of its own: see postgrestest for how it is started, also by root.
func TestPostgres(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	exercise(t, func(t *testing.T, o store.Options) *store.Store {
		return openURL(t, server.Database(t), o)
	})
}
