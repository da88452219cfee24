package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// IsPostgres tells whether an address is that of a PostgreSQL server.
func IsPostgres(address string) bool {
	scheme, _, _ := strings.Cut(address, ":")
	return scheme == "postgres" || scheme == "postgresql"
}

// Probe looks at the database at an address, and changes nothing. It says what is there, or what keeps Open from
// working.
func Probe(ctx context.Context, address string) (string, error) {
	if IsPostgres(address) {
		version, err := PostgresVersion(ctx, address)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("PostgreSQL %s answers", version), nil
	}
	scheme, path, found := strings.Cut(address, ":")
	if !found {
		path = scheme
	} else if scheme != "sqlite" {
		return "", fmt.Errorf("the address is of kind %q", scheme)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return path + " will be made", nil
	}
	if err != nil {
		return "", err
	}
	defer f.Close()
	// https://www.sqlite.org/fileformat.html, 1.3.1: the first 16 bytes of every database.
	const magic = "SQLite format 3\x00"
	head := make([]byte, len(magic))
	if n, err := io.ReadFull(f, head); n > 0 && (err != nil || string(head) != magic) {
		return "", fmt.Errorf("%s is no SQLite database", path)
	}
	return path, nil
}
