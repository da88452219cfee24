package store_test

import (
	"testing"

	"darkroom/store"
)

func exerciseMeta(t *testing.T, s *store.Store, _ *clock) {
	ctx := t.Context()
	value, err := s.Meta(ctx, "commands")
	equal(t, "meta before", []any{value, err}, []any{"", error(nil)})
	for _, want := range []string{"h1", "h2"} {
		if err := s.SetMeta(ctx, "commands", want); err != nil {
			t.Fatal(err)
		}
		value, err = s.Meta(ctx, "commands")
		equal(t, "meta", []any{value, err}, []any{want, error(nil)})
	}
	for _, value := range []string{"first", "second"} {
		got, err := s.MetaOnce(ctx, "database", value)
		equal(t, "meta that is stored once", []any{got, err}, []any{"first", error(nil)})
	}
}
