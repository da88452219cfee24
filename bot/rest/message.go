package rest

import "darkroom/bot/button"

// Message is a message as Discord returns it.
type Message struct {
	ID          string       `json:"id"`
	Channel     string       `json:"channel_id"`
	Content     string       `json:"content"`
	Flags       int          `json:"flags"`
	Attachments []Attachment `json:"attachments"`
	Components  []component  `json:"components"`
}

// Attachment is a file on a Message. Its URL expires.
type Attachment struct {
	ID       string `json:"id"`
	Filename string `json:"filename"`
	URL      string `json:"url"`
	Size     int64  `json:"size"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
}

type component struct {
	CustomID   string      `json:"custom_id"`
	Components []component `json:"components"`
}

// Has tells whether the message carries a button with this custom_id.
func (m Message) Has(customID string) bool { return has(m.Components, customID) }

func has(cs []component, customID string) bool {
	for _, c := range cs {
		if c.CustomID == customID || has(c.Components, customID) {
			return true
		}
	}
	return false
}

// showsFinished tells whether the message shows a job's finished images.
func (m Message) showsFinished(job string) bool {
	return len(m.Attachments) > 0 && m.Has(button.ID{Verb: button.Remix, Job: job}.String())
}
