package catalog

import (
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"testing"

	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// twoRenderers have the same model, and one has a LoRA.
func twoRenderers() []queue.Renderer {
	model := queue.Model{Name: "photo", Hash: "p", Card: json.RawMessage(`{"starts":true}`)}
	return []queue.Renderer{
		{Slot: "a", Models: []queue.Model{model}, Parts: []string{"u"}},
		{Slot: "b", Models: []queue.Model{model}, Parts: []string{"u"}, Addons: []queue.Addon{
			{Hash: "i", Card: json.RawMessage(`{"kind":"lora","name":"ink","hash":"another"}`)},
		}},
	}
}

func TestMergeJoinsWhatRenderersHave(t *testing.T) {
	t.Parallel()
	got, err := merge(twoRenderers())
	want := request.Available{
		Models:    []request.Card{{Name: "photo", Hash: "p", ImageToImage: true}},
		Addons:    []request.AddonCard{{Kind: picture.LoRA, Name: "ink", Hash: "i"}},
		Renderers: [][]string{{"p", "u"}, {"i", "p", "u"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	alike := twoRenderers()[1:]
	alike = append(alike, alike[0])
	if got, err := merge(alike); err != nil || got.Renderers != nil || len(got.Addons) != 1 {
		t.Errorf("two that have the same: got %+v, %v", got, err)
	}
}

// metaTable is a table of meta values, and a queue whose renderers come and go.
type metaTable struct {
	values map[string]string
	online []queue.Renderer
}

func (m *metaTable) Meta(_ context.Context, name string) (string, error) { return m.values[name], nil }

func (m *metaTable) SetMeta(_ context.Context, name, value string) error {
	m.values[name] = value
	return nil
}

func (m *metaTable) Renderers(context.Context) ([]queue.Renderer, error) { return m.online, nil }

// TestCatalogRemembersAddons: what renderers had last is known while none is online, and after a restart.
func TestCatalogRemembersAddons(t *testing.T) {
	t.Parallel()
	m := &metaTable{values: map[string]string{}, online: twoRenderers()}
	o := Options{Store: m, Queue: m, Log: slog.New(slog.DiscardHandler)}
	c := New(o)
	check := func(c *Catalog, remembered bool) {
		t.Helper()
		a := c.Available()
		if len(a.Models) != 1 || len(a.Addons) != 1 || len(a.Renderers) != 2 || a.Remembered != remembered {
			t.Errorf("got %+v, want both, remembered %v", a, remembered)
		}
	}
	refresh := func() {
		t.Helper()
		if err := c.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	refresh()
	check(c, false)
	m.online = nil
	refresh()
	check(c, true)
	restarted := New(o)
	restarted.Load(t.Context())
	check(restarted, true)
	m.online = twoRenderers()[:1] // the one without the LoRA
	refresh()
	if a := c.Available(); len(a.Addons) != 0 || a.Renderers != nil || a.Remembered {
		t.Errorf("got %+v, want no add-on: nobody has one", a)
	}
}
