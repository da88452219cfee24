package page

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

//go:embed assets
var assets embed.FS

// Example is a command that the page runs with one click.
type Example struct {
	Command string         `json:"command"`
	Options map[string]any `json:"options"`
}

// Options of the page.
type Options struct {
	Title    string // the window's title; "darkroom" if empty
	Examples []Example
	Online   func() bool // whether the bot is connected
}

// Page serves the assets and their HTTP API.
type Page struct {
	world   *world.World
	options Options
	mux     *http.ServeMux
}

// policy is the Content-Security-Policy: it forbids everything that does not come from this server.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// New returns the page of a world.
func New(w *world.World, o Options) *Page {
	if o.Title == "" {
		o.Title = "darkroom"
	}
	p := &Page{world: w, options: o, mux: http.NewServeMux()}
	files, err := fs.Sub(assets, "assets")
	if err != nil {
		panic("internal error: the page's assets are not embedded: " + err.Error())
	}
	p.mux.Handle("GET /", http.FileServerFS(files))
	p.mux.HandleFunc("GET /sandbox/hello", p.hello)
	p.mux.HandleFunc("GET /sandbox/view", p.view)
	p.mux.HandleFunc("GET /sandbox/events", p.events)
	p.mux.HandleFunc("POST /sandbox/command", p.command)
	p.mux.HandleFunc("POST /sandbox/messagecommand", p.messageCommand)
	p.mux.HandleFunc("POST /sandbox/autocomplete", p.autocomplete)
	p.mux.HandleFunc("POST /sandbox/click", p.click)
	p.mux.HandleFunc("POST /sandbox/submit", p.submit)
	p.mux.HandleFunc("POST /sandbox/delete", p.remove)
	p.mux.HandleFunc("POST /sandbox/say", p.say)
	p.mux.HandleFunc("POST /sandbox/locale", p.locale)
	return p
}

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	p.mux.ServeHTTP(w, r)
}

// user is a user to whom the page can switch.
type user struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Moderator bool   `json:"moderator"`
}

// SetExamples replaces Options.Examples. It is called before any request is served.
func (p *Page) SetExamples(examples []Example) { p.options.Examples = examples }

func (p *Page) hello(w http.ResponseWriter, _ *http.Request) {
	users := []user{}
	for _, u := range p.world.Users() {
		users = append(users, user{u.ID, u.Username, p.moderator(u.ID)})
	}
	sendJSON(w, map[string]any{"title": p.options.Title, "users": users, "app": p.world.App(),
		"examples": p.options.Examples, "online": p.online()})
}

func (p *Page) online() bool { return p.options.Online == nil || p.options.Online() }

func (p *Page) moderator(user string) bool {
	return p.world.MemberPermissions(user)&wire.PermManageMessages != 0
}

// view sends everything that a user sees now. seq is the number from which events continue.
func (p *Page) view(w http.ResponseWriter, r *http.Request) {
	user, channel := r.URL.Query().Get("user"), r.URL.Query().Get("channel")
	seq := p.world.LatestChange() // first, so that a change during this request arrives as an event
	channels := p.world.ChannelsOf(user)
	if dm, err := p.world.DM(user); err == nil && !has(channels, dm.ID) {
		channels = append(channels, dm)
	}
	if !has(channels, channel) && len(channels) > 0 {
		channel = channels[0].ID
	}
	commands, err := p.world.CommandsFor(user, channel)
	if err != nil {
		sendError(w, err)
		return
	}
	onMessage, err := p.world.MessageCommandsFor(user, channel)
	if err != nil {
		sendError(w, err)
		return
	}
	guild, _ := p.world.Guild(guildOf(channels)) // a world without a guild has no name to show
	sendJSON(w, map[string]any{"seq": seq, "channel": channel, "channels": channels, "commands": commands,
		"message_commands": onMessage, "guild": guild.Name, "messages": p.world.VisibleMessages(user, channel),
		"online": p.online(), "locale": p.world.Locale(user), "locales": wire.Locales(),
		"moderator": p.moderator(user)})
}

func has(list []wire.Channel, id string) bool {
	for _, c := range list {
		if c.ID == id {
			return true
		}
	}
	return false
}

func guildOf(list []wire.Channel) string {
	for _, c := range list {
		if c.GuildID != "" {
			return c.GuildID
		}
	}
	return ""
}

func sendJSON(w http.ResponseWriter, body any) { send(w, http.StatusOK, body) }

func send(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		slog.Error("sandbox: cannot encode a response to the page", "error", err)
		http.Error(w, "cannot encode", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(data) // an error means that the browser has disconnected
}

// sendError sends the text of an error, which the page shows.
func sendError(w http.ResponseWriter, err error) {
	message := err.Error()
	if e, ok := errors.AsType[*wire.Error](err); ok {
		message = e.Message
	}
	send(w, http.StatusBadRequest, map[string]string{"error": message})
}
