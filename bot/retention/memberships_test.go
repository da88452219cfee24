package retention

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
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
		"a server removes the bot": {map[string]bool{one: false}, []event{
			{"GUILD_DELETE", `{"id":"` + one + `"}`},
		}, nil, []string{one}},
		"Discord has trouble": {map[string]bool{one: false}, []event{
			{"GUILD_DELETE", `{"id":"` + one + `","unavailable":true}`},
		}, nil, nil},
		"one that nothing is known about": {nil, []event{{"GUILD_DELETE", `{"id":"` + one + `"}`}}, nil, nil},
		"it comes back": {map[string]bool{one: true}, []event{
			{"GUILD_CREATE", `{"id":"` + one + `"}`},
		}, []string{one}, nil},
		"one comes that never left": {map[string]bool{one: false}, []event{
			{"GUILD_CREATE", `{"id":"` + one + `"}`},
		}, nil, nil},
		"out and in again": {map[string]bool{one: false}, []event{
			{"GUILD_DELETE", `{"id":"` + one + `"}`}, {"GUILD_CREATE", `{"id":"` + one + `"}`},
		},
			nil, nil},
		"a roll call": {map[string]bool{one: false, two: true}, []event{
			{"READY", `{"guilds":[{"id":"` + two + `"}]}`},
		}, []string{two}, []string{one}},
		"a roll call of one shard": {map[string]bool{one: false, two: false}, []event{
			{"READY", `{"guilds":[],"shard":[1,2]}`},
		},
			nil, []string{two}},
		"a session without a list": {map[string]bool{one: false}, []event{{"READY", `{}`}}, nil, nil},
		"told by name after the call": {map[string]bool{one: false}, []event{
			{"READY", `{"guilds":[]}`}, {"GUILD_CREATE", `{"id":"` + one + `"}`},
		},
			nil, nil},
		"a call after being told by name": {map[string]bool{one: false}, []event{
			{"GUILD_DELETE", `{"id":"` + one + `"}`}, {"READY", `{"guilds":[{"id":"` + one + `"}]}`},
		},
			nil, nil},
		"what cannot be read": {map[string]bool{one: false}, []event{
			{"GUILD_DELETE", `[]`}, {"READY", `7`}, {"OTHER", `{}`},
		}, nil, nil},
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
