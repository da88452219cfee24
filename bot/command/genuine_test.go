package command_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"darkroom/bot/command"
)

func TestGenuine(t *testing.T) {
	t.Parallel()
	const message = `{"id":"9","components":[
		{"type":1,"components":[{"type":2,"custom_id":"a"},{"type":2,"custom_id":"off","disabled":true}]},
		{"type":17,"components":[{"type":9,"components":[{"type":10,"content":"b"}],
			"accessory":{"type":2,"custom_id":"aside"}}]},
		{"type":1,"components":[{"type":3,"custom_id":"menu",
			"options":[{"label":"One","value":"1"},{"label":"Two","value":"2"}]}]}
	]}`
	for name, c := range map[string]struct {
		message, data string
		kind          int
		want          bool
	}{
		"a button of the message":            {message, `{"component_type":2,"custom_id":"a"}`, 3, true},
		"a button beside a text":             {message, `{"component_type":2,"custom_id":"aside"}`, 3, true},
		"a button of another message":        {message, `{"component_type":2,"custom_id":"b"}`, 3, false},
		"a button that is switched off":      {message, `{"component_type":2,"custom_id":"off"}`, 3, false},
		"a button that is said to be a menu": {message, `{"component_type":3,"custom_id":"a","values":[]}`, 3, false},
		"a choice of a menu":                 {message, `{"component_type":3,"custom_id":"menu","values":["2"]}`, 3, true},
		"a choice that no menu has":          {message, `{"component_type":3,"custom_id":"menu","values":["3"]}`, 3, false},
		"a form of a button of the message":  {message, `{"custom_id":"a","components":[]}`, 5, true},
		"a form of no button":                {message, `{"custom_id":"b","components":[]}`, 5, false},
		"a form without a message":           {`null`, `{"custom_id":"a","components":[]}`, 5, false},
		"a message without components":       {`{"id":"9"}`, `{"component_type":2,"custom_id":"a"}`, 3, false},
		"no custom_id":                       {`{"components":[{"type":2}]}`, `{"component_type":2}`, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := fmt.Sprintf(`{"id":"1","token":"t","type":%d,"message":%s,"data":%s}`, c.kind, c.message, c.data)
			req, err := command.Decode(json.RawMessage(raw))
			if err != nil {
				t.Fatal(err)
			}
			if req.Genuine != c.want {
				t.Errorf("got %v, want %v", req.Genuine, c.want)
			}
		})
	}
}
