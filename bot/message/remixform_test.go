package message_test

import (
	"fmt"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/language"
	"darkroom/bot/message"
)

// TestRemixFormOffersNoMoreModelsThanFit sees that a select menu keeps Discord's limit of 25 choices.
func TestRemixFormOffersNoMoreModelsThanFit(t *testing.T) {
	t.Parallel()
	f := message.RemixForm{Model: "own"}
	for i := range 30 {
		f.Models = append(f.Models, message.FormChoice{Name: fmt.Sprint(i), Value: fmt.Sprint(i)})
	}
	for _, field := range f.Form(language.Language{}, button.ID{Verb: button.Remix, Job: "1-0"}, 100).Fields {
		if field.ID != message.FieldModel {
			continue
		}
		all := field.Choices
		if len(all) != 25 || all[0].Value != message.KeepChoice || all[24].Name != "23" {
			t.Errorf("got %d choices, want the own model and the first 24: %+v", len(all), all)
		}
		return
	}
	t.Error("got no choice of models")
}
