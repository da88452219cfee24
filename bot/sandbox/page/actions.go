package page

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"darkroom/bot/sandbox/client"
	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// maxActionBytes is the largest request of the page, with files.
const maxActionBytes = world.MaxRequest + 1<<20

// action is what a user does on the page. Each route uses some of the fields.
type action struct {
	User        string            `json:"user"`
	Channel     string            `json:"channel"`
	Name        string            `json:"name"`
	Focus       string            `json:"focus"`
	Options     []option          `json:"options"`
	Message     string            `json:"message"`
	CustomID    string            `json:"custom_id"`
	Picked      []string          `json:"picked"`
	Interaction string            `json:"interaction"`
	Values      map[string]string `json:"values"`

	Chosen map[string][]string `json:"chosen"` // of a form: the values of each field

	Content string `json:"content"`
	Locale  string `json:"locale"`
}

// option is one option of a command. The bytes of a file are in the form part "file:<name>".
type option struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

func readAction(r *http.Request) (action, error) {
	var a action
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&a)
	return a, err
}

func (a action) worldOptions() []world.Option {
	var list []world.Option
	for _, o := range a.Options {
		list = append(list, world.With(o.Name, o.Value))
	}
	return list
}

// command runs a slash command. The body is multipart: the action is in the part "act", the files are in others.
func (p *Page) command(w http.ResponseWriter, r *http.Request) {
	a, files, err := readActionWithFiles(w, r)
	if err != nil {
		sendError(w, err)
		return
	}
	options := a.worldOptions()
	for field, up := range files {
		options = append(options, world.Option{Name: field, File: &up})
	}
	i, err := p.world.Command(a.User, a.Channel, a.Name, options...)
	p.sendInteraction(w, i, err)
}

// readActionWithFiles reads a multipart body: the action, and the first file of each field.
func readActionWithFiles(w http.ResponseWriter, r *http.Request) (a action, files map[string]wire.Upload, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxActionBytes)
	if err := r.ParseMultipartForm(maxActionBytes); err != nil {
		return a, nil, fmt.Errorf("the files are too large: at most %d MB", world.MaxRequest>>20)
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // a file that stays does no harm
	if err := json.Unmarshal([]byte(r.FormValue("act")), &a); err != nil {
		return a, nil, err
	}
	files = map[string]wire.Upload{}
	for part, headers := range r.MultipartForm.File {
		field, found := strings.CutPrefix(part, "file:")
		if !found || field == "" || len(headers) == 0 {
			continue
		}
		f, err := headers[0].Open()
		if err != nil {
			return a, nil, err
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			return a, nil, err
		}
		files[field] = wire.Upload{Name: headers[0].Filename, Type: headers[0].Header.Get("Content-Type"), Data: data}
	}
	return a, files, nil
}

// sendInteraction responds to an action that made an interaction.
func (p *Page) sendInteraction(w http.ResponseWriter, i world.Interaction, err error) {
	if err != nil {
		sendError(w, err)
		return
	}
	sendJSON(w, map[string]any{"interaction": i.ID, "online": p.online()})
}

func (p *Page) autocomplete(w http.ResponseWriter, r *http.Request) {
	a, err := readAction(r)
	if err != nil {
		sendError(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), world.AnswerTimeout)
	defer cancel()
	choices, err := p.world.Autocomplete(ctx, a.User, a.Channel, a.Name, a.Focus, a.worldOptions()...)
	if err != nil {
		sendError(w, fmt.Errorf("the bot sent no choices"))
		return
	}
	sendJSON(w, map[string]any{"choices": choices})
}

func (p *Page) click(w http.ResponseWriter, r *http.Request) {
	a, err := readAction(r)
	if err != nil {
		sendError(w, err)
		return
	}
	i, err := p.world.Click(a.User, a.Message, a.CustomID, a.Picked...)
	p.sendInteraction(w, i, err)
}

// submit submits a modal. The body is multipart, as that of a command; without files it may be JSON.
func (p *Page) submit(w http.ResponseWriter, r *http.Request) {
	var a action
	var files map[string]wire.Upload
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		a, files, err = readActionWithFiles(w, r)
	} else {
		a, err = readAction(r)
	}
	if err != nil {
		sendError(w, err)
		return
	}
	filled := client.Filled{Values: map[string][]string{}, Files: map[string][]wire.Upload{}}
	for id, value := range a.Values {
		filled.Values[id] = []string{value}
	}
	maps.Copy(filled.Values, a.Chosen)
	for id, file := range files {
		filled.Files[id] = []wire.Upload{file}
	}
	i, err := p.world.SubmitForm(a.User, a.Interaction, filled)
	p.sendInteraction(w, i, err)
}

func (p *Page) remove(w http.ResponseWriter, r *http.Request) {
	a, err := readAction(r)
	if err == nil {
		err = p.world.DeleteMessage(a.User, a.Message)
	}
	if err != nil {
		sendError(w, err)
		return
	}
	sendJSON(w, map[string]any{})
}

func (p *Page) say(w http.ResponseWriter, r *http.Request) {
	a, err := readAction(r)
	if err == nil {
		_, err = p.world.Say(a.User, a.Channel, a.Content)
	}
	if err != nil {
		sendError(w, err)
		return
	}
	sendJSON(w, map[string]any{})
}

// locale sets the language of a user's client.
func (p *Page) locale(w http.ResponseWriter, r *http.Request) {
	a, err := readAction(r)
	if err == nil && !slices.Contains(wire.Locales(), a.Locale) {
		err = fmt.Errorf("no language of Discord: %q", a.Locale)
	}
	if err != nil {
		sendError(w, err)
		return
	}
	p.world.SetLocale(a.User, a.Locale)
	sendJSON(w, map[string]any{})
}
