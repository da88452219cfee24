package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"

	sqlitelib "modernc.org/sqlite/lib"
)

// pgDiskFull is PostgreSQL's code for a full disk. Source: PostgreSQL's documentation, appendix A.
const pgDiskFull = "53100"

// Full tells whether an error means that nothing can be written because the disk of the database is full. The same call
// works as soon as there is room again.
func Full(err error) bool {
	switch sqliteCode(err) & 0xff { // the lowest byte is the kind, what is above it a detail
	case sqlitelib.SQLITE_FULL:
		return true
	case sqlitelib.SQLITE_IOERR:
		// No room for the file of shared memory beside the database. Source: SQLite's os_unix.c, unixShmMap.
		return sqliteCode(err) == sqlitelib.SQLITE_IOERR_SHMSIZE
	}
	return pgCode(err) == pgDiskFull || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// FullText tells whether a text is that of an error that is Full.
func FullText(text string) bool {
	return strings.Contains(text, "database or disk is full") ||
		strings.Contains(text, fmt.Sprintf("disk I/O error (%d)", sqlitelib.SQLITE_IOERR_SHMSIZE)) ||
		strings.Contains(text, "SQLSTATE "+pgDiskFull)
}

// Disk returns where the database is, and how many bytes can still be written there; -1 if that is not known. The disk
// of a PostgreSQL server is not known.
func (s *Store) Disk() (path string, free int64) {
	if s.path == "" {
		return "the PostgreSQL server", -1
	}
	return s.path, freeBytes(filepath.Dir(s.path))
}
