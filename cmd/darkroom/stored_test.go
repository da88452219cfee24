//go:build cgo && unix

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"darkroom/bot/button"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
	"darkroom/store/postgrestest"
)

// kept is the stored world of testdata/stored: see README.md there.
type kept struct {
	Saved       time.Time         `json:"saved"` // when it was saved, by its own clock
	Application string            `json:"application"`
	Server      string            `json:"server"`
	Channel     string            `json:"channel"`
	Users       map[string]string `json:"users"`
	Jobs        map[string]string `json:"jobs"`     // ids of jobs, questions and servers, by what they are examples of
	Messages    map[string]string `json:"messages"` // messages to click on
}

func keptFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "stored", name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return data
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if data, err = io.ReadAll(r); err != nil {
		t.Fatal(err)
	}
	return data
}

func readKept(t testing.TB) (k kept) {
	t.Helper()
	if err := json.Unmarshal(keptFile(t, "made.json"), &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// at is a clock that stands still at the moment of saving.
func (k kept) at() time.Time { return k.Saved }

// keptDatabase makes a database of one kind and returns its address.
type keptDatabase func(t testing.TB) string

func keptSQLite(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, keptFile(t, "sqlite.db.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// keptPostgres starts a server on which each database begins with what was dumped.
func keptPostgres(t testing.TB) keptDatabase {
	server := postgrestest.Start(t)
	return func(t testing.TB) string {
		address := server.Database(t)
		db, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.ExecContext(t.Context(), string(keptFile(t, "postgres.sql.gz"))); err != nil {
			t.Fatal(err)
		}
		return address
	}
}

func openKept(t testing.TB, address string, now func() time.Time) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), address, store.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// keptText is a text of the dump: as it is, or in base 64 where it is no UTF-8.
type keptText string

// UnmarshalJSON reads either.
func (s *keptText) UnmarshalJSON(data []byte) error {
	var coded struct {
		Base64 string `json:"base64"`
	}
	if json.Unmarshal(data, (*string)(s)) == nil {
		return nil
	}
	if err := json.Unmarshal(data, &coded); err != nil {
		return err
	}
	plain, err := base64.StdEncoding.DecodeString(coded.Base64)
	*s = keptText(plain)
	return err
}

// loadRedis puts the dump into a Redis server, and has its epoch look as if it had begun on this run of the server.
func loadRedis(t testing.TB, address string) {
	t.Helper()
	ctx := t.Context()
	db := redis.NewClient(&redis.Options{Addr: address})
	defer db.Close()
	run := ""
	if found := regexp.MustCompile(`run_id:(\w+)`).FindStringSubmatch(db.Info(ctx, "server").Val()); found != nil {
		run = found[1]
	}
	check := func(key string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("load %s: %v", key, err)
		}
	}
	for line := range strings.Lines(string(keptFile(t, "redis.jsonl.gz"))) {
		var entry struct {
			Key   string          `json:"key"`
			Type  string          `json:"type"`
			TTL   int64           `json:"ttl_ms"`
			Value json.RawMessage `json:"value"`
		}
		check(line, json.Unmarshal([]byte(line), &entry))
		var all []json.RawMessage
		if strings.HasPrefix(string(entry.Value), "[") {
			check(entry.Key, json.Unmarshal(entry.Value, &all))
		}
		switch entry.Type {
		case "string":
			var v keptText
			check(entry.Key, json.Unmarshal(entry.Value, &v))
			check(entry.Key, db.Set(ctx, entry.Key, string(v), 0).Err())
		case "list", "set":
			for _, one := range all {
				var v keptText
				check(entry.Key, json.Unmarshal(one, &v))
				if entry.Type == "list" {
					check(entry.Key, db.RPush(ctx, entry.Key, string(v)).Err())
				} else {
					check(entry.Key, db.SAdd(ctx, entry.Key, string(v)).Err())
				}
			}
		case "hash":
			var fields map[string]keptText
			check(entry.Key, json.Unmarshal(entry.Value, &fields))
			for f, v := range fields {
				if f == "run" && v == "RUN" {
					v = keptText(run)
				}
				check(entry.Key, db.HSet(ctx, entry.Key, f, string(v)).Err())
			}
		case "zset":
			for _, one := range all {
				var member keptText
				var score float64
				check(entry.Key, json.Unmarshal(one, &[]any{&member, &score}))
				check(entry.Key, db.ZAdd(ctx, entry.Key, redis.Z{Member: string(member), Score: score}).Err())
			}
		case "stream":
			for _, one := range all {
				var id string
				var fields map[string]keptText
				check(entry.Key, json.Unmarshal(one, &[]any{&id, &fields}))
				values := map[string]any{}
				for f, v := range fields {
					values[f] = string(v)
				}
				check(entry.Key, db.XAdd(ctx, &redis.XAddArgs{Stream: entry.Key, ID: id, Values: values}).Err())
			}
		default:
			t.Fatalf("key %s is a %s", entry.Key, entry.Type)
		}
		if entry.TTL > 0 {
			check(entry.Key, db.PExpire(ctx, entry.Key, time.Duration(entry.TTL)*time.Millisecond).Err())
		}
	}
}

// keptRedis are the servers that the dump is loaded into.
func keptRedis(t testing.TB, process bool) (address string) {
	if process {
		return newRedisServer(t, inMemory).address()
	}
	return miniredis.RunT(t).Addr()
}

func dialKept(t testing.TB, address string, now func() time.Time) *queue.Queue {
	t.Helper()
	q, err := queue.Dial("redis://"+address+"/0", queue.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// golden compares a value with testdata/stored/name, as JSON.
func golden(t *testing.T, name string, got any) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "stored", name)
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want := strings.Split(string(keptFile(t, name)), "\n")
	lines := strings.Split(b.String(), "\n")
	for i := range max(len(want), len(lines)) {
		if i >= len(want) || i >= len(lines) || want[i] != lines[i] {
			t.Fatalf("%s, line %d:\n got %s\nwant %s", name, i+1, lineAt(lines, i), lineAt(want, i))
		}
	}
}

func lineAt(all []string, i int) string {
	if i >= len(all) {
		return "nothing"
	}
	return all[i]
}

// plain is a value as a golden holds it. Its keys are of this test alone, so no name in the program can change them.
type plain = map[string]any

func shaOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// must returns what was read.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func jobPlain(e store.Job) plain {
	return plain{
		"id": e.ID, "server": e.Server, "channel": e.Channel, "user": e.User, "parent": e.Parent, "verb": e.Verb,
		"state": string(e.State), "spec": string(e.Spec), "reply": string(e.Address), "lane": e.Lane, "cost": e.Cost,
		"pictures": e.Pictures, "inputs": e.Inputs, "pending": string(e.PendingInputs), "spoiler": e.Spoiler,
		"weight": e.Weight, "epoch": e.Epoch, "leased": e.WasLeased, "sent": e.PostedSeparately, "message": e.Message,
		"outcome": string(e.Outcome), "reason": e.Reason, "created": e.Created.UnixMilli(), "updated": e.Updated.UnixMilli(),
	}
}

func deliveryPlain(d store.Delivery) plain {
	return plain{
		"job": d.Job, "user": d.User, "state": string(d.State), "channel": d.Channel, "message": d.Message,
		"reason": d.Reason, "at": d.At.UnixMilli(),
	}
}

func actPlain(a store.AuditRecord) plain {
	return plain{
		"server": a.Server, "actor": a.Actor, "action": a.Action, "detail": string(a.Detail), "at": a.At.UnixMilli(),
	}
}

// rows is all that the store returns of the stored world.
func (k kept) rows(t *testing.T, s *store.Store) plain {
	ctx := t.Context()
	all := plain{}
	for _, name := range []string{"member", "moderator", "erased"} {
		user := k.Users[name]
		p := must[store.Person](t)(s.Person(ctx, user, 1000))
		jobs, presets, spent, acts, asks := []plain{}, []plain{}, []plain{}, []plain{}, []plain{}
		for _, e := range p.Jobs {
			j := jobPlain(e)
			if d := must[store.Delivery](t)(s.Delivery(ctx, e.ID)); d.Job != "" {
				j["delivery"] = deliveryPlain(d)
			}
			var files []plain
			for _, f := range must[[]store.InboxPicture](t)(s.InboxPictures(ctx, e.ID)) {
				files = append(files, plain{"name": f.Name, "sha256": shaOf(f.Data)})
			}
			j["kept"] = files
			for _, sha := range e.Inputs {
				if got := shaOf(must[[]byte](t)(s.Input(ctx, sha))); got != sha {
					t.Errorf("input %s of job %s has bytes with hash %s", sha, e.ID, got)
				}
			}
			jobs = append(jobs, j)
		}
		for _, n := range p.Presets {
			presets = append(presets, plain{"name": n.Name, "body": string(n.Body), "updated": n.Updated.UnixMilli()})
		}
		for _, d := range p.Totals {
			spent = append(spent, plain{
				"server": d.Server, "day": d.Day.UnixMilli(), "pictures": d.Pictures, "millis": d.Millis,
			})
		}
		for _, a := range p.AuditRecords {
			acts = append(acts, actPlain(a))
		}
		for _, a := range p.Questions {
			asks = append(asks, plain{"id": a.ID, "user": a.User, "body": string(a.Body)})
		}
		usage := must[store.Usage](t)(s.Usage(ctx, k.Server, user))
		all[name] = plain{"jobs": jobs, "older": p.OlderJobs, "presets": presets, "spent": spent, "acts": acts, "asks": asks,
			"usage": plain{"waiting": usage.Waiting, "running": usage.Running, "day": usage.Day}}
	}
	departed := must[map[string]bool](t)(s.Servers(ctx))
	servers := plain{}
	for server, gone := range departed {
		p, weights, err := s.PolicyAndWeights(ctx, server)
		if err != nil {
			t.Fatal(err)
		}
		spent := must[store.Totals](t)(s.TotalsOf(ctx, server, k.Saved.Add(-48*time.Hour)))
		var acts []plain
		for _, a := range must[[]store.AuditRecord](t)(s.AuditLog(ctx, server, 100)) {
			acts = append(acts, actPlain(a))
		}
		servers[server] = plain{
			"departed": gone, "weights": weights, "audit": acts,
			"spent": plain{"pictures": spent.Pictures, "millis": spent.Millis},
			"policy": plain{
				"waiting_per_user": p.WaitingPerUser, "running_per_user": p.RunningPerUser, "per_user_day": p.PerUserDay,
				"max_pixels": p.MaxPixels, "max_steps": p.MaxSteps, "max_count": p.MaxCount, "paused": p.Paused,
				"pause_reason": p.PauseReason,
			},
		}
	}
	all["servers"] = servers
	var pauses, erasures []plain
	for _, p := range must[[]store.Pause](t)(s.Pauses(ctx)) {
		pauses = append(pauses, plain{"kind": p.Kind, "name": p.Name, "reason": p.Reason, "at": p.At.UnixMilli()})
	}
	for _, a := range must[[]store.AuditRecord](t)(s.AuditLog(ctx, "", 100)) {
		erasures = append(erasures, actPlain(a))
	}
	var offers []plain
	for _, d := range must[[]store.Delivery](t)(s.PendingOffers(ctx, 100)) {
		offers = append(offers, deliveryPlain(d))
	}
	meta := plain{}
	for _, name := range []string{"offer", "rates", "events:main", "commands:" + k.Application} {
		meta[name] = must[string](t)(s.Meta(ctx, name))
	}
	ids := func(entries []store.Job, err error) (all []string) {
		for _, e := range must[[]store.Job](t)(entries, err) {
			all = append(all, e.ID)
		}
		return all
	}
	all["pauses"], all["acts of the program"], all["offers"], all["meta"] = pauses, erasures, offers, meta
	all["owed"] = ids(s.Unqueued(ctx, 1<<40, 100))
	all["owed to epoch 1"] = ids(s.Unqueued(ctx, 1, 100))
	all["unacknowledged"] = ids(s.Unacknowledged(ctx, 0, 100))
	var crashed []string
	for _, j := range must[[]store.Job](t)(s.Unqueued(ctx, 1<<40, 100)) {
		if j.Crashes > 0 {
			crashed = append(crashed, j.ID)
		}
	}
	all["crashed"] = crashed
	all["epochs"] = plain{
		"main": must[int64](t)(s.CurrentEpoch(ctx, "main")), "spare": must[int64](t)(s.CurrentEpoch(ctx, "spare")),
	}
	return all
}

func TestStoredRows(t *testing.T) {
	t.Parallel()
	k := readKept(t)
	for name, address := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return keptSQLite(t) },
		"PostgreSQL": func(t *testing.T) string { return keptPostgres(t)(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openKept(t, address(t), k.at)
			golden(t, "rows.golden.json", k.rows(t, s))
			k.specs(t, s)
			k.claims(t, s)
			if _, err := s.Find(t.Context(), k.Jobs["erased"]); err == nil {
				t.Error("an erased job is found")
			}
		})
	}
}

// specs proves that each Spec is read, and written again with the same bytes.
func (k kept) specs(t *testing.T, s *store.Store) {
	versions := map[int]int{}
	for _, user := range k.Users {
		for _, e := range must[store.Person](t)(s.Person(t.Context(), user, 1000)).Jobs {
			spec, err := picture.Decode(e.Spec)
			if err != nil {
				t.Errorf("spec of job %s: %v", e.ID, err)
				continue
			}
			if again, err := spec.Encode(); err != nil || !bytes.Equal(again, e.Spec) {
				t.Errorf("spec of job %s:\n got %s, %v\nwant %s", e.ID, again, err, e.Spec)
			}
			versions[spec.Version]++
		}
	}
	if versions[1] == 0 || versions[2] == 0 {
		t.Errorf("specs by version: got %v, want some of 1 and of 2", versions)
	}
}

// claims proves that a claim which was stored still holds.
func (k kept) claims(t *testing.T, s *store.Store) {
	if mine := must[bool](t)(s.Claim(t.Context(), "stored", "another", time.Minute)); mine {
		t.Error("a stored claim was taken by another")
	}
	if mine := must[bool](t)(s.Claim(t.Context(), "stored", "fixture", time.Minute)); !mine {
		t.Error("a stored claim is refused to its holder")
	}
}

func outcomePlain(o queue.Outcome) plain {
	var files []plain
	for _, f := range o.Files {
		files = append(files, plain{
			"name": f.Name, "seed": f.Seed, "width": f.Width, "height": f.Height, "sha256": f.SHA256, "phash": f.PHash,
			"short": f.LowMemory,
		})
	}
	return plain{"channel": o.Channel, "message": o.Message, "delivered": o.Delivered, "files": files, "ms": o.Millis}
}

// moved is all that the queue returns of the stored world once a new epoch has moved it. The jobs are not moved: SQL
// fills the new queue.
func (k kept) moved(t *testing.T, q *queue.Queue) plain {
	if err := q.BeginEpoch(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	return plain{"events": k.events(t, q), "undelivered": k.undelivered(t, q)}
}

// events hears all stored events; the last one is the undelivered result of a crashed job, by its old name.
func (k kept) events(t *testing.T, q *queue.Queue) (all []plain) {
	done := fmt.Errorf("all were heard")
	ctx, cancel := context.WithTimeout(t.Context(), testTimeout)
	defer cancel()
	err := q.Watch(ctx, "0-0", func(e queue.Event) error {
		p := plain{"id": e.ID, "kind": string(e.Kind), "job": e.Job, "percent": e.Percent, "reason": e.Reason}
		if e.Outcome != nil {
			p["outcome"] = outcomePlain(*e.Outcome)
		}
		all = append(all, p)
		if e.Kind == "tray" && e.Job == k.Jobs["crashed"] {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		t.Errorf("events: %v", err)
	}
	return all
}

// undelivered takes the results that could not be posted.
func (k kept) undelivered(t *testing.T, q *queue.Queue) (all []plain) {
	for _, d := range must[[]queue.Undelivered](t)(q.TakeUndelivered(t.Context(), 100)) {
		var files []plain
		for _, f := range d.Files {
			files = append(files, plain{"name": f.Name, "sha256": shaOf(f.Bytes)})
		}
		all = append(all, plain{
			"job": d.Job, "reply": string(d.Address), "outcome": outcomePlain(d.Outcome), "look": d.MaybePosted, "files": files,
		})
	}
	return all
}

func TestStoredQueue(t *testing.T) {
	t.Parallel()
	k := readKept(t)
	for name, process := range map[string]bool{"miniredis": false, "redis-server": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := keptRedis(t, process)
			loadRedis(t, address)
			later := func() time.Time { return k.Saved.Add(keptAway) } // all leases are over
			golden(t, "queue.golden.json", k.moved(t, dialKept(t, address, later)))
		})
	}
}

// TestStoredButtons holds what every custom_id means: messages with them stand in channels for ever.
func TestStoredButtons(t *testing.T) {
	t.Parallel()
	var all []struct {
		ID   string `json:"id"`
		Verb string `json:"verb"`
		Job  string `json:"job"`
		Tile int    `json:"tile"`
		Arg  string `json:"arg"`
	}
	if err := json.Unmarshal(keptFile(t, "buttons.json"), &all); err != nil {
		t.Fatal(err)
	}
	for _, want := range all {
		got, err := button.Parse(want.ID)
		same := string(got.Verb) == want.Verb && got.Job == want.Job && got.Tile == want.Tile && got.Arg == want.Arg
		if err != nil || !same {
			t.Errorf("%s: got %+v, %v", want.ID, got, err)
		} else if got.String() != want.ID {
			t.Errorf("%s: written again as %s", want.ID, got.String())
		}
	}
}
