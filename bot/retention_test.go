package bot

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/store"
)

func TestMembershipsDiff(t *testing.T) {
	t.Parallel()
	type event struct{ kind, raw string }
	// Servers 1 and 2, as snowflakes of which the first is on shard 0 of 2 and the second on shard 1.
	one, two := fmt.Sprint(10<<22), fmt.Sprint(11<<22)
	for name, c := range map[string]struct {
		known      map[string]bool // and whether as departed
		events     []event
		back, gone []string
	}{
		"a server removes the bot":        {map[string]bool{one: false}, []event{{"GUILD_DELETE", `{"id":"` + one + `"}`}}, nil, []string{one}},
		"Discord has trouble":             {map[string]bool{one: false}, []event{{"GUILD_DELETE", `{"id":"` + one + `","unavailable":true}`}}, nil, nil},
		"one that nothing is known about": {nil, []event{{"GUILD_DELETE", `{"id":"` + one + `"}`}}, nil, nil},
		"it comes back":                   {map[string]bool{one: true}, []event{{"GUILD_CREATE", `{"id":"` + one + `"}`}}, []string{one}, nil},
		"one comes that never left":       {map[string]bool{one: false}, []event{{"GUILD_CREATE", `{"id":"` + one + `"}`}}, nil, nil},
		"out and in again": {map[string]bool{one: false}, []event{{"GUILD_DELETE", `{"id":"` + one + `"}`}, {"GUILD_CREATE", `{"id":"` + one + `"}`}},
			nil, nil},
		"a roll call": {map[string]bool{one: false, two: true}, []event{{"READY", `{"guilds":[{"id":"` + two + `"}]}`}}, []string{two}, []string{one}},
		"a roll call of one shard": {map[string]bool{one: false, two: false}, []event{{"READY", `{"guilds":[],"shard":[1,2]}`}},
			nil, []string{two}},
		"a session without a list": {map[string]bool{one: false}, []event{{"READY", `{}`}}, nil, nil},
		"told by name after the call": {map[string]bool{one: false}, []event{{"READY", `{"guilds":[]}`}, {"GUILD_CREATE", `{"id":"` + one + `"}`}},
			nil, nil},
		"a call after being told by name": {map[string]bool{one: false}, []event{{"GUILD_DELETE", `{"id":"` + one + `"}`}, {"READY", `{"guilds":[{"id":"` + one + `"}]}`}},
			nil, nil},
		"what cannot be read": {map[string]bool{one: false}, []event{{"GUILD_DELETE", `[]`}, {"READY", `7`}, {"OTHER", `{}`}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemberships()
			for _, e := range c.events {
				m.handle(e.kind, json.RawMessage(e.raw))
			}
			back, gone := m.drain().diff(c.known)
			if !reflect.DeepEqual(back, c.back) || !reflect.DeepEqual(gone, c.gone) {
				t.Errorf("got back %v, gone %v; want %v, %v", back, gone, c.back, c.gone)
			}
			if !m.empty() {
				t.Error("something is left to write down")
			}
		})
	}
}

func TestMembershipsPutBack(t *testing.T) {
	t.Parallel()
	m := newMemberships()
	m.handle("GUILD_DELETE", json.RawMessage(`{"id":"1"}`))
	m.handle("GUILD_DELETE", json.RawMessage(`{"id":"2"}`))
	taken := m.drain()
	m.handle("GUILD_CREATE", json.RawMessage(`{"id":"1"}`))
	m.putBack(taken)
	back, gone := m.diff(map[string]bool{"1": false, "2": false})
	if back != nil || !reflect.DeepEqual(gone, []string{"2"}) {
		t.Errorf("got back %v, gone %v; want none and 2", back, gone)
	}
}

func TestExportFits(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	p := store.Person{OlderJobs: 3}
	for i := range 200 {
		noise := make([]byte, 100)
		for j := range noise {
			noise[j] = byte('a' + rng.IntN(26))
		}
		p.Jobs = append(p.Jobs, store.Job{ID: fmt.Sprint(i), Spec: json.RawMessage(`{"prompt":"` + string(noise) + `"}`), Address: json.RawMessage(`{"token":"hush"}`)})
	}
	d := newExport("u", time.Unix(0, 0), p)
	for most, want := range map[int64]struct {
		name string
		jobs int
	}{1 << 20: {"darkroom-data.json", 200}, 32 << 10: {"darkroom-data.json.gz", 200}, 12 << 10: {"darkroom-data.json.gz", 100}} {
		f, err := exportFile(d, most)
		if err != nil {
			t.Fatal(err)
		}
		got := unpack(t, f)
		if int64(len(f.Data)) > most || f.Name != want.name || len(got.Jobs) != want.jobs || got.OmittedJobs != 203-want.jobs {
			t.Errorf("at most %d bytes: got %s of %d bytes with %d jobs and %d left out, want %s with %d jobs",
				most, f.Name, len(f.Data), len(got.Jobs), got.OmittedJobs, want.name, want.jobs)
		}
	}
	if f, err := exportFile(d, 10); err != nil || len(unpack(t, f).Jobs) != 0 {
		t.Errorf("no room at all: got %v, want what is left without jobs", err)
	}
}

func unpack(t *testing.T, f message.File) (d exportedData) {
	t.Helper()
	text := f.Data
	if strings.HasSuffix(f.Name, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if text, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(string(text), "hush") {
		t.Error("the export holds a token")
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}
