package store

import (
	"encoding/json"
	"testing"
	"time"
)

// oldRows fills every table of version oldNames, with a job in each stage and a delivery with two images.
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
	running.PostedSeparately, running.Crashes = true, 1
	inInbox.State, inInbox.Outcome = Done, json.RawMessage(`{"delivered":"inbox"}`)
	failed.State, failed.Reason, failed.Crashes = Failed, "no memory", 2
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
		Deliveries: []Delivery{
			{Job: "2-0", User: "u", State: Sending, Channel: "c", At: fromMillis(11)},
			{Job: "3-0", User: "u", State: Inbox, Channel: "c", Reason: "closed", At: fromMillis(12)},
			{Job: "6-0", User: "u", State: ReofferDue, At: fromMillis(13)},
		},
	})
	servers, err := s.Servers(ctx)
	same(t, "servers", []any{servers, err}, []any{map[string]bool{"g": false, "gone": true}, error(nil)})
	policy, weights, err := s.PolicyAndWeights(ctx, "g")
	same(t, "settings", []any{policy, weights, err}, []any{Policy{
		WaitingPerUser: 1, RunningPerUser: 2, PerUserDay: 3, MaxPixels: 4, MaxSteps: 5, MaxCount: 6, Paused: true,
		PauseReason: "night",
	}, map[string]int{"r": 300}, error(nil)})
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

// readOldQueue reads what belongs to the queue: outbox, epoch, claims and the position in the events.
func readOldQueue(t *testing.T, s *Store) {
	t.Helper()
	ctx := t.Context()
	unqueued, err := s.Unqueued(ctx, 5, 10)
	same(t, "unqueued", []any{unqueued, err}, []any{oldJobs()[3:], error(nil)})
	epoch, err := s.CurrentEpoch(ctx, "main")
	same(t, "epoch", []any{epoch, err}, []any{int64(4), error(nil)})
	claimed, err := s.Claim(ctx, "x", "b", time.Minute)
	same(t, "a claim in force", []any{claimed, err}, []any{false, error(nil)})
	event, err := s.Meta(ctx, "events:main")
	same(t, "meta", []any{event, err}, []any{"7-0", error(nil)})
}
