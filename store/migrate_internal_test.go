package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
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

// oldRows fills every table of version oldNames, with a job in each stage and a delivery with two pictures.
var oldRows = []string{
	`INSERT INTO jobs (id, server, channel, user_id, parent, verb, state, spec, reply, pending, lane, cost, pictures,
		spoiler, epoch, leased, message, outcome, reason, created, updated, weight, erased, crashes) VALUES
		('1-0', 'g', 'c', 'u', '', 'imagine', 'waiting', '{"v":1}', '{"token":"s"}', '{"url":"x"}', '1:a', 7, 4,
			TRUE, 3, FALSE, 'm1', '', '', 1000, 2000, 200, FALSE, 0),
		('2-0', 'g', 'c', 'u', '1-0', 'vary', 'running', '{"v":1}', '{"token":"s"}', '', '1:a', 7, 1,
			FALSE, 4, TRUE, '', '', '', 1001, 2001, 0, FALSE, 1),
		('3-0', 'g', 'c', 'u', '', 'imagine', 'done', '{"v":1}', '{"token":""}', '', '1:a', 7, 1,
			FALSE, 4, TRUE, '', '{"delivered":"inbox"}', '', 1002, 2002, 0, FALSE, 0),
		('4-0', 'g', 'c', 'u', '', 'imagine', 'failed', '{"v":1}', '{"token":""}', '', '1:a', 7, 1,
			FALSE, 4, TRUE, '', '', 'no memory', 1003, 2003, 0, FALSE, 2),
		('5-0', 'g', '', 'u', '', 'imagine', 'cancelled', '{}', '{}', '', '', 7, 1,
			FALSE, 4, TRUE, '', '', '', 1004, 2004, 0, TRUE, 0),
		('6-0', 'g', 'c', 'u', '', 'imagine', 'done', '{"v":1}', '{}', '', '1:a', 7, 1,
			FALSE, 4, TRUE, '', '{}', '', 1005, 2005, 0, FALSE, 0)`,
	`INSERT INTO inputs (sha, bytes, created) VALUES ('ab', 'picture', 5)`,
	`INSERT INTO job_inputs (job, sha) VALUES ('1-0', 'ab')`,
	`INSERT INTO policies (server, waiting_per_user, running_per_user, per_user_day, max_pixels, max_steps, max_count,
		paused, pause_reason) VALUES ('g', 1, 2, 3, 4, 5, 6, TRUE, 'night')`,
	`INSERT INTO audit (server, actor, action, detail, at) VALUES ('g', 'u', 'set policy', '{"MaxSteps":5}', 6)`,
	`INSERT INTO meta (name, value) VALUES ('events:main', '7-0')`,
	`INSERT INTO queue_epoch (pool, epoch) VALUES ('main', 4)`,
	`INSERT INTO spent (server, user_id, day, pictures, millis) VALUES ('g', 'u', 2, 9, 10)`,
	`INSERT INTO presets (user_id, name, body, updated) VALUES ('u', 'sea', '{"steps":9}', 8)`,
	`INSERT INTO role_weights (server, role, weight) VALUES ('g', 'r', 300)`,
	`INSERT INTO departures (server, at) VALUES ('gone', 9)`,
	`INSERT INTO erasures (user_id, at) VALUES ('w', 10)`,
	`INSERT INTO deliveries (job, user_id, state, channel, message, reason, at) VALUES
		('2-0', 'u', 'sending', 'c', '', '', 11), ('3-0', 'u', 'inbox', 'c', '', 'closed', 12),
		('6-0', 'u', 'offer', '', '', '', 13)`,
	`INSERT INTO delivery_files (job, n, name, bytes) VALUES ('3-0', 1, 'a.png', 'one'), ('3-0', 2, 'b.png', 'two')`,
	`INSERT INTO claims (name, holder, until) VALUES ('x', 'a', 9000001), ('y', 'a', 8999999)`,
	`INSERT INTO pauses (kind, name, reason, at) VALUES ('lane', '1:a', 'broken', 14)`,
	`INSERT INTO asks (id, user_id, body, created) VALUES ('7', 'u', '{"prompt":"p"}', 15)`,
}

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

// oldJobs are the jobs of oldRows that were not erased, newest first, as the store reads them.
func oldJobs() []Job {
	at := func(j Job, id string, n int64) Job {
		j.ID, j.Created, j.Updated = id, fromMillis(1000+n), fromMillis(2000+n)
		return j
	}
	base := Job{Server: "g", Channel: "c", User: "u", Verb: "imagine", Spec: json.RawMessage(`{"v":1}`), Lane: "1:a",
		Cost: 7, Pictures: 1, Epoch: 4, WasLeased: true, Address: json.RawMessage(`{"token":""}`)}
	waiting, running, inInbox, failed, offered := base, base, base, base, base
	token := json.RawMessage(`{"token":"s"}`)
	waiting.State, waiting.Address, waiting.PendingInputs = Waiting, token, json.RawMessage(`{"url":"x"}`)
	waiting.Pictures, waiting.Spoiler, waiting.Epoch, waiting.WasLeased, waiting.Weight = 4, true, 3, false, 200
	waiting.Message, waiting.Inputs = "m1", []string{"ab"}
	running.State, running.Address, running.Parent, running.Verb = Running, token, "1-0", "vary"
	running.PostedSeparately = true
	inInbox.State, inInbox.Outcome = Done, json.RawMessage(`{"delivered":"inbox"}`)
	failed.State, failed.Reason = Failed, "no memory"
	offered.State, offered.Address, offered.Outcome = Done, json.RawMessage(`{}`), json.RawMessage(`{}`)
	return []Job{
		at(offered, "6-0", 5), at(failed, "4-0", 3), at(inInbox, "3-0", 2), at(running, "2-0", 1), at(waiting, "1-0", 0),
	}
}

// readOldRows reads what oldRows wrote through the store's own calls.
func readOldRows(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	p, err := s.Person(ctx, "u", 10)
	noError(t, err)
	same(t, "person", p, Person{
		Jobs:         oldJobs(),
		Presets:      []Preset{{"sea", json.RawMessage(`{"steps":9}`), fromMillis(8)}},
		Totals:       []DailyTotals{{"g", fromMillis(2 * Day.Milliseconds()), Totals{9, 10}}},
		AuditRecords: []AuditRecord{{"g", "u", "set policy", json.RawMessage(`{"MaxSteps":5}`), fromMillis(6)}},
		Questions:    []Question{{"7", "u", json.RawMessage(`{"prompt":"p"}`)}},
	})
	servers, err := s.Servers(ctx)
	same(t, "servers", []any{servers, err}, []any{map[string]bool{"g": false, "gone": true}, error(nil)})
	settings, err := s.ServerSettings(ctx, "g")
	same(t, "settings", []any{settings, err},
		[]any{ServerSettings{Policy{1, 2, 3, 4, 5, 6, true, "night"}, map[string]int{"r": 300}}, error(nil)})
	pauses, err := s.Pauses(ctx)
	same(t, "pauses", []any{pauses, err}, []any{[]Pause{
		{"lane", "1:a", "broken", fromMillis(14)}, {"server", "g", "night", fromMillis(0)},
	}, error(nil)})
	readOldDeliveries(t, s)
	readOldQueue(t, s)
}

func readOldDeliveries(t *testing.T, s *Store) {
	t.Helper()
	for job, want := range map[string]Delivery{
		"1-0": {},
		"2-0": {Job: "2-0", User: "u", State: Sending, Channel: "c", At: fromMillis(11)},
		"3-0": {Job: "3-0", User: "u", State: Inbox, Channel: "c", Reason: "closed", At: fromMillis(12)},
		"6-0": {Job: "6-0", User: "u", State: ReofferDue, At: fromMillis(13)},
	} {
		got, err := s.Delivery(t.Context(), job)
		same(t, "delivery of "+job, []any{got, err}, []any{want, error(nil)})
	}
	pictures, err := s.InboxPictures(t.Context(), "3-0")
	same(t, "inbox", []any{pictures, err},
		[]any{[]InboxPicture{{"a.png", []byte("one")}, {"b.png", []byte("two")}}, error(nil)})
}

// readOldQueue reads what belongs to the queue: outbox, epoch, claims, crashes and the position in the events.
func readOldQueue(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	unqueued, err := s.Unqueued(ctx, 5, 10)
	same(t, "unqueued", []any{unqueued, err}, []any{oldJobs()[3:], error(nil)})
	epoch, err := s.CurrentEpoch(ctx, "main")
	same(t, "epoch", []any{epoch, err}, []any{int64(4), error(nil)})
	claimed, err := s.Claim(ctx, "x", "b", time.Minute)
	same(t, "a claim in force", []any{claimed, err}, []any{false, error(nil)})
	crashed, err := s.CrashedJobs(ctx, 1)
	same(t, "crashed", []any{crashed, err}, []any{[]string{"2-0"}, error(nil)})
	event, err := s.Meta(ctx, "events:main")
	same(t, "meta", []any{event, err}, []any{"7-0", error(nil)})
}

// holdSchema checks what the database itself promises: a final state never changes, and the pictures of an inbox are
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
