package rest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// API answers the bot's requests. It serves under "/api/v9" and "/api/v10".
type API struct {
	world     *world.World
	gateway   string
	limits    *limiter
	onRequest func(rules.Request)
	mux       *http.ServeMux

	mu     sync.Mutex
	faults []*Fault
}

// New makes an API. see hears every request after it was answered; nil for nobody.
func New(w *world.World, limits Limits, onRequest func(rules.Request)) *API {
	a := &API{world: w, limits: newLimiter(limits), onRequest: onRequest, mux: http.NewServeMux()}
	a.route()
	return a
}

// SetGateway says what GET /gateway answers, such as "ws://127.0.0.1:1234/gateway".
func (a *API) SetGateway(url string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gateway = url
}

// request is one request on its way through a handler.
type request struct {
	*http.Request
	world *world.World
	body  []byte // JSON
	files []wire.Upload
	// how the file parts were called, by their number
	fields, names map[int]string
}

// response is what a handler answers: a status and a JSON body, nil for none.
type response struct {
	status int
	body   any
}

func ok(body any) (response, error) { return response{http.StatusOK, body}, nil }

func noContent() (response, error) { return response{http.StatusNoContent, nil}, nil }

// handle registers a handler. bot says that a bot token is needed.
func (a *API) handle(pattern string, bot bool, h func(*request) (response, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	a.mux.HandleFunc(method+" /api/{version}"+path, func(w http.ResponseWriter, r *http.Request) {
		a.serve(w, r, bot, h)
	})
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// serve takes a request through trouble, token, limits and its handler.
func (a *API) serve(w http.ResponseWriter, r *http.Request, bot bool, h func(*request) (response, error)) {
	record := rules.Request{Time: time.Now(), Method: r.Method, Path: strip(r), Header: r.Header.Clone(), Bot: bot}
	fault := a.takeFault(r.Method, record.Path, nil)
	if fault.breaks(w, r) {
		return
	}
	c, err := readBody(r)
	c.world = a.world
	record.Body, record.Files = c.body, listFiles(c)
	if fault == nil && c.body != nil {
		fault = a.takeFault(r.Method, record.Path, c.body)
	}
	fault.wait(r.Context())
	out := responseBuffer{header: http.Header{}}
	switch {
	case fault.answers(&out):
	case err != nil:
		out.fail(err)
	case bot && !a.world.ValidToken(strings.TrimPrefix(r.Header.Get("Authorization"), "Bot ")):
		out.fail(wire.Unauthorized())
	case a.limits.refuse(r.Method, record.Path, bot, &out):
	default:
		out.run(c, h)
	}
	record.Status, record.Answer, record.Wait = out.status, out.body, out.wait
	if a.onRequest != nil {
		a.onRequest(record)
	}
	if fault.loses() {
		dropConnection(w)
		return
	}
	out.send(w)
}

// strip is the path without "/api/vN".
func strip(r *http.Request) string {
	return strings.TrimPrefix(r.URL.Path, "/api/"+r.PathValue("version"))
}

func listFiles(c *request) []rules.File {
	var list []rules.File
	for _, f := range c.files {
		list = append(list, rules.File{Field: c.fields[f.N], Name: c.names[f.N], Size: len(f.Data)})
	}
	return list
}

// responseBuffer gathers a response before it is sent, so that it can be seen or lost.
type responseBuffer struct {
	status int
	header http.Header
	body   []byte
	wait   time.Duration
}

func (o *responseBuffer) run(c *request, h func(*request) (response, error)) {
	if v := c.PathValue("version"); v != "v9" && v != "v10" {
		o.fail(&wire.Error{Status: 400, Code: 50041, Message: "Invalid API version"})
		return
	}
	out, err := h(c)
	if err != nil {
		o.fail(err)
		return
	}
	o.json(out.status, out.body)
}

func (o *responseBuffer) fail(err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		slog.Error("sandbox: request failed", "err", err)
		e = &wire.Error{Status: 500, Message: "500: Internal Server Error"}
	}
	o.json(e.Status, e)
}

func (o *responseBuffer) json(status int, body any) {
	o.status = status
	if body == nil {
		return
	}
	data, err := json.Marshal(body)
	if err != nil {
		slog.Error("sandbox: encode answer", "err", err)
		o.status, data = 500, []byte(`{"message":"500: Internal Server Error","code":0}`)
	}
	o.header.Set("Content-Type", "application/json")
	o.body = data
}

func (o *responseBuffer) send(w http.ResponseWriter) {
	for name, values := range o.header {
		w.Header()[name] = values
	}
	w.WriteHeader(o.status)
	w.Write(o.body) // a client that has gone is no concern of ours
}

// dropConnection breaks the connection without an answer.
func dropConnection(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}
