package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
var migrations embed.FS

// migrate brings the tables up to date. A program that is older than the database stops here, before it changes
// anything.
func (s *Store) migrate(ctx context.Context) error {
	p, err := s.migrations()
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := refuseNewerSchema(ctx, p); err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	// Again, because a newer program may have migrated in between: Up ignores versions that it does not know.
	return refuseNewerSchema(ctx, p)
}

func (s *Store) migrations() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, s.dialect.folder)
	if err != nil {
		return nil, err
	}
	var options []goose.ProviderOption
	if s.dialect.migrationLocker != nil {
		options = append(options, goose.WithSessionLocker(s.dialect.migrationLocker))
	}
	return goose.NewProvider(s.dialect.name, s.write, files, options...)
}

// refuseNewerSchema returns an error if a newer program has migrated the database.
func refuseNewerSchema(ctx context.Context, p *goose.Provider) error {
	version, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read database version: %w", err)
	}
	known := p.ListSources()
	if newest := known[len(known)-1].Version; version > newest {
		return fmt.Errorf("the database has version %d and this program knows %d: use a newer darkroom", version, newest)
	}
	return nil
}
