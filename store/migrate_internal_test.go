package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMigrations(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*testing.T, *Store){
		"they go down and up again":         downAndUp,
		"plain names keep every row":        keepRows,
		"a newer version is found after Up": refuseAfterUp,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, connectOnly(t, filepath.Join(t.TempDir(), "a.db")))
		})
	}
}

// connectOnly opens a database without migrating it.
func connectOnly(t *testing.T, address string) *Store {
	t.Helper()
	s := &Store{inboxBytes: maxInboxBytes, now: func() time.Time { return fromMillis(9_000_000) }}
	var err error
	if s.dialect, s.write, s.read, err = connect(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func downAndUp(t *testing.T, s *Store) {
	noError(t, s.migrate(t.Context()))
	migrateTo(t, s, 0)
	noError(t, s.migrate(t.Context()))
}

// migrateTo goes up or down to a version.
func migrateTo(t *testing.T, s *Store, version int64) {
	t.Helper()
	p, err := s.migrations()
	noError(t, err)
	has, err := p.GetDBVersion(t.Context())
	noError(t, err)
	if has > version {
		_, err = p.DownTo(t.Context(), version)
	} else {
		_, err = p.UpTo(t.Context(), version)
	}
	noError(t, err)
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// oldNames is the last version before the tables got plain names.
const oldNames = 12

// newTables are the names that tables of version oldNames have now.
var newTables = map[string]string{
	"spent": "daily_totals", "asks": "questions", "departures": "departed_servers", "delivery_files": "inbox_pictures",
	"queue_epoch": "queue_epochs",
}

// keepRows migrates rows of every kind up, down and up again. Every value of every row stays, the store reads it, and
// what the schema promises still holds.
func keepRows(t *testing.T, s *Store) {
	migrateTo(t, s, oldNames)
	for _, text := range oldRows {
		if _, err := s.write.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	schema := schemaNames(t, s)
	before := allRows(t, s, "before", nil)
	if len(before) < 24 {
		t.Fatalf("got %d rows, want every kind: %q", len(before), before)
	}
	noError(t, s.migrate(t.Context()))
	same(t, "rows after Up", allRows(t, s, "up", newTables), before)
	readOldRows(t, s)

	migrateTo(t, s, oldNames)
	same(t, "rows after Down", allRows(t, s, "down", nil), before)
	same(t, "names after Down", schemaNames(t, s), schema)

	noError(t, s.migrate(t.Context()))
	same(t, "rows after Up again", allRows(t, s, "up again", newTables), before)
	readOldRows(t, s)
	noOldNames(t, schemaNames(t, s))
	holdSchema(t, s)
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// allRows returns the values of all rows, under the names that their tables had in version oldNames; renamed gives
// today's. A step makes each query new: PostgreSQL refuses one that it prepared before the columns got other names.
func allRows(t *testing.T, s *Store, step string, renamed map[string]string) []string {
	t.Helper()
	var all []string
	for _, table := range []string{
		"jobs", "inputs", "job_inputs", "policies", "audit", "meta", "queue_epoch", "spent", "presets", "role_weights",
		"departures", "erasures", "deliveries", "delivery_files", "claims", "pauses", "asks",
	} {
		err := s.query(t.Context(), func(r *sql.Rows) error {
			columns, err := r.Columns()
			if err != nil {
				return err
			}
			row, targets := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				targets[i] = &row[i]
			}
			err = r.Scan(targets...)
			all = append(all, strings.TrimSpace(fmt.Sprintf("%s %q", table, row)))
			return err
		}, `SELECT * FROM `+cmp.Or(renamed[table], table)+` ORDER BY 1, 2 -- `+step)
		noError(t, err)
	}
	return all
}

// schemaNames lists the names of tables, columns, indexes, constraints, triggers and functions.
func schemaNames(t *testing.T, s *Store) []string {
	t.Helper()
	text := `SELECT type || ' ' || name || ' on ' || tbl_name FROM sqlite_master
		UNION SELECT 'column ' || m.name || '.' || c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table'`
	if s.dialect.shared {
		text = `SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
			UNION SELECT 'constraint ' || conname FROM pg_constraint
				WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
			UNION SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
			UNION SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
			UNION SELECT 'column ' || table_name || '.' || column_name FROM information_schema.columns
				WHERE table_schema = 'public'`
	}
	names, err := s.queryTexts(t.Context(), text)
	noError(t, err)
	slices.Sort(names)
	return names
}

func noOldNames(t *testing.T, names []string) {
	t.Helper()
	for _, name := range names {
		for _, old := range []string{
			"spent", "asks", "departures", "delivery_files", "queue_epoch_", "owed", "in_hand", "of_owner", "jobs_stay",
			"until", "reply", ".pending ", ".leased",
		} {
			if strings.Contains(name+" ", old) {
				t.Errorf("%q has the old word %q", name, old)
			}
		}
	}
}

// holdSchema checks what the database itself promises: a final state never changes, and the images of an inbox are
// removed with their job.
func holdSchema(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.write.ExecContext(t.Context(), `UPDATE jobs SET state = 'waiting' WHERE id = '4-0'`)
	if err == nil || !strings.Contains(err.Error(), "never changes") {
		t.Errorf("got %v, want a refusal of the database itself", err)
	}
	if _, err := s.write.ExecContext(t.Context(), `DELETE FROM jobs WHERE id = '3-0'`); err != nil {
		t.Fatal(err)
	}
	pictures, err := s.InboxPictures(t.Context(), "3-0")
	same(t, "inbox of a job that was removed", []any{pictures, err}, []any{[]InboxPicture(nil), error(nil)})
	got, err := s.Claim(t.Context(), "y", "b", time.Minute)
	same(t, "an expired claim", []any{got, err}, []any{true, error(nil)})
	skipped, err := s.MarkEnqueuedAll(t.Context(), 5, []string{"1-0", "2-0"})
	same(t, "enqueued", []any{skipped, err}, []any{[]string(nil), error(nil)})
}

// refuseAfterUp has a newer program migrate between this program's check and its own migration.
func refuseAfterUp(t *testing.T, s *Store) {
	noError(t, s.migrate(t.Context()))
	s.dialect.migrationLocker = &newerProgram{at: 2}
	for range 2 {
		if err := s.migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "use a newer darkroom") {
			t.Errorf("got %v, want advice to use a newer darkroom", err)
		}
	}
}

// newerProgram migrates while this program waits for its lock for the at-th time: the first is for the check.
type newerProgram struct{ at, locks int }

func (n *newerProgram) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if n.locks++; n.locks != n.at {
		return nil
	}
	_, err := conn.ExecContext(ctx, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, $1)`, true)
	return err
}

func (n *newerProgram) SessionUnlock(context.Context, *sql.Conn) error { return nil }
