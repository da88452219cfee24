package interaction

import (
	"fmt"
	"path/filepath"
	"testing"

	"darkroom/bot/command"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// BenchmarkAutocompleteLoRAs suggests LoRAs of a thousand, to somebody who asked for twenty images, with the jobs in a
// database. Half of them fit the model, and each has some words that it was trained with.
func BenchmarkAutocompleteLoRAs(b *testing.B) {
	const loras = 1000
	available := offered()
	for i := range loras {
		available.Addons = append(available.Addons, request.AddonCard{
			Kind: picture.LoRA, Name: fmt.Sprintf("style %d of somebody", i), Hash: hashOf(fmt.Sprintf("%08x", i)),
			Families: []string{[]string{"Stable Diffusion 1", "SDXL"}[i%2]},
			Triggers: []string{"a word", "another word", "style"},
		})
	}
	db, err := store.Open(b.Context(), filepath.Join(b.TempDir(), "darkroom.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	for i := range 20 {
		j := jobWith(b, hashOf(fmt.Sprintf("%08x", 7*i)))
		j.Pictures, j.Lane, j.Cost = 4, "2:m", 1000
		j.ID, j.Server, j.User, j.Verb = fmt.Sprintf("%d-0", i+1), "2", "1", "imagine"
		if err := db.Accept(b.Context(), []store.Job{j}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	a := autocompletion{catalog: offering{available: available}, db: db}
	r := &responder{req: command.Request{
		Person: command.Person{ID: "1"}, FocusedOption: "lora", Options: map[string]string{"lora": "style 9"},
	}}
	for b.Loop() {
		choices, err := a.choices(b.Context(), r)
		if err != nil || len(choices) < 25 {
			b.Fatalf("got %d suggestions, %v", len(choices), err)
		}
	}
}
