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
