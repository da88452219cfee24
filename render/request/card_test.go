package request

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestCard(t *testing.T) {
	t.Parallel()
	var m Card
	err := json.Unmarshal(
		[]byte(`{"name":"p","words":{"b":["red"],"a":["boat","night sky"]},"sizes":[{"width":96,"height":176}],
		"defaults":{"width":96,"height":176,"steps":20,"guidance":4.5,"sampler":"ddim"},"examples":["x"],
		"samplers":["ddim"]}`),
		&m,
	)
	if err != nil || !reflect.DeepEqual(m.Words, Words{"boat", "night sky", "red"}) || m.Defaults.Width != 96 ||
		m.Defaults.GuidanceScale != 4.5 ||
		m.Examples[0] != "x" {
		t.Errorf("got %+v, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`{"words":7}`), &m); err == nil {
		t.Error("words that are no list: want an error")
	}
}

func TestCardKeepsGroupsOfWords(t *testing.T) {
	t.Parallel()
	const text = `{"words":{"subjects":["boat"],"colours":["red","blue"],"other":["a","with"]}}`
	want := []WordGroup{{"subjects", []string{"boat"}}, {"colours", []string{"red", "blue"}}}
	var c, back Card
	if err := json.Unmarshal([]byte(text), &c); err != nil || !reflect.DeepEqual(c.Authored().WordGroups(), want) {
		t.Errorf("got %v, %v, want %v", c.WordGroups(), err, want)
	}
	if len(c.Words) != 5 {
		t.Errorf("got the words %q, want those of all groups", c.Words)
	}
	announced, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(announced, &back); err != nil || !reflect.DeepEqual(back, c) {
		t.Errorf("got %+v, %v back, want %+v", back, err, c)
	}
	var flat Card
	if err := json.Unmarshal([]byte(`{"words":["boat","red"]}`), &flat); err != nil ||
		!reflect.DeepEqual(flat.WordGroups(), []WordGroup{{"words", []string{"boat", "red"}}}) {
		t.Errorf("got %v, %v, want one group", flat.WordGroups(), err)
	}
}
