package page

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// maxAct bounds what the page may send, files included, in bytes.
const maxAct = world.MaxRequest + 1<<20

// act is anything a person does. Which fields mean something depends on what it is.
type act struct {
	User        string            `json:"user"`
	Channel     string            `json:"channel"`
	Name        string            `json:"name"`
	Focus       string            `json:"focus"`
	Options     []filled          `json:"options"`
	Message     string            `json:"message"`
	CustomID    string            `json:"custom_id"`
	Picked      []string          `json:"picked"`
	Interaction string            `json:"interaction"`
	Values      map[string]string `json:"values"`
	Content     string            `json:"content"`
}

// filled is one option; a file's bytes are in the part "file:<name>".
type filled struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func readAct(r *http.Request) (act, error) {
	var a act
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&a)
	return a, err
}

func (a act) given() []world.Option {
	var list []world.Option
	for _, o := range a.Options {
		list = append(list, world.With(o.Name, o.Value))
	}
	return list
}

// command runs a slash command. The body is multipart: "act", and files.
func (p *Page) command(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxAct)
	if err := r.ParseMultipartForm(maxAct); err != nil {
		refuse(w, fmt.Errorf("your files are too large"))
		return
	}
	defer r.MultipartForm.RemoveAll()
	var a act
	if err := json.Unmarshal([]byte(r.FormValue("act")), &a); err != nil {
		refuse(w, err)
		return
	}
	options, err := withFiles(r, a.given())
	if err != nil {
		refuse(w, err)
		return
	}
	i, err := p.world.Command(a.User, a.Channel, a.Name, options...)
	p.done(w, i, err)
}

// withFiles adds the uploaded files as attachment options.
func withFiles(r *http.Request, options []world.Option) ([]world.Option, error) {
	for field, headers := range r.MultipartForm.File {
		if len(field) < 6 || field[:5] != "file:" || len(headers) == 0 {
			continue
		}
		f, err := headers[0].Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			return nil, err
		}
		up := &wire.Upload{Name: headers[0].Filename, Type: headers[0].Header.Get("Content-Type"), Data: data}
		options = append(options, world.Option{Name: field[5:], File: up})
	}
	return options, nil
}

// done answers an act that made an interaction.
func (p *Page) done(w http.ResponseWriter, i world.Interaction, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	send(w, map[string]any{"interaction": i.ID, "online": p.online()})
}

func (p *Page) autocomplete(w http.ResponseWriter, r *http.Request) {
	a, err := readAct(r)
	if err != nil {
		refuse(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), world.AnswerWithin)
	defer cancel()
	choices, err := p.world.Autocomplete(ctx, a.User, a.Channel, a.Name, a.Focus, a.given()...)
	if err != nil {
		refuse(w, fmt.Errorf("loading options failed"))
		return
	}
	send(w, map[string]any{"choices": choices})
}

func (p *Page) click(w http.ResponseWriter, r *http.Request) {
	a, err := readAct(r)
	if err != nil {
		refuse(w, err)
		return
	}
	i, err := p.world.Click(a.User, a.Message, a.CustomID, a.Picked...)
	p.done(w, i, err)
}

func (p *Page) submit(w http.ResponseWriter, r *http.Request) {
	a, err := readAct(r)
	if err != nil {
		refuse(w, err)
		return
	}
	i, err := p.world.Submit(a.User, a.Interaction, a.Values)
	p.done(w, i, err)
}

func (p *Page) remove(w http.ResponseWriter, r *http.Request) {
	a, err := readAct(r)
	if err == nil {
		err = p.world.DeleteMessage(a.User, a.Message)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	send(w, map[string]any{})
}

func (p *Page) say(w http.ResponseWriter, r *http.Request) {
	a, err := readAct(r)
	if err == nil {
		_, err = p.world.Say(a.User, a.Channel, a.Content)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	send(w, map[string]any{})
}
