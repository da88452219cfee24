package rest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"darkroom/bot/sandbox/rules"
	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// API serves the bot's requests, under "/api/v9" and "/api/v10".
type API struct {
	world     *world.World
	gateway   string
	limits    *limiter
	onRequest func(rules.Request)
	mux       *http.ServeMux

	mu     sync.Mutex
	faults []*Fault
}

// New returns an API. It calls onRequest with every request and its response; onRequest may be nil.
func New(w *world.World, limits Limits, onRequest func(rules.Request)) *API {
	a := &API{world: w, limits: newLimiter(limits), onRequest: onRequest, mux: http.NewServeMux()}
	a.addRoutes()
	return a
}

// SetGateway sets the address that GET /gateway returns, such as "ws://127.0.0.1:1234/gateway".
func (a *API) SetGateway(url string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gateway = url
}

// request is a decoded request, as handlers receive it.
type request struct {
	*http.Request
	world         *world.World
	body          []byte // JSON
	files         []wire.Upload
	fields, names map[int]string // the field names and file names of the file parts, by the part's number
}

// response is what a handler returns: a status and a JSON body, which may be nil.
type response struct {
	status int
	body   any
}

func ok(body any) (response, error) { return response{http.StatusOK, body}, nil }

func noContent() (response, error) { return response{http.StatusNoContent, nil}, nil }

// handle registers a handler. bot is true for routes that need a bot token.
func (a *API) handle(pattern string, bot bool, h func(*request) (response, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	a.mux.HandleFunc(method+" /api/{version}"+path, func(w http.ResponseWriter, r *http.Request) {
		a.serve(w, r, bot, h)
	})
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// serve handles a request in this order: faults that a test set, body, bot token, rate limits, handler.
func (a *API) serve(w http.ResponseWriter, r *http.Request, bot bool, h func(*request) (response, error)) {
	record := rules.Request{Time: time.Now(), Method: r.Method, Path: pathOf(r), Header: r.Header.Clone(), Bot: bot}
	fault := a.takeFault(r.Method, record.Path, nil)
	if fault.breaks(w, r) {
		return
	}
	in, err := readBody(r)
	in.world = a.world
	record.Body, record.Files = in.body, listFiles(in)
	if fault == nil && in.body != nil {
		fault = a.takeFault(r.Method, record.Path, in.body)
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
		out.run(in, h)
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

// pathOf returns a request's path without "/api/vN".
func pathOf(r *http.Request) string {
	return strings.TrimPrefix(r.URL.Path, "/api/"+r.PathValue("version"))
}

func listFiles(r *request) []rules.File {
	var list []rules.File
	for _, f := range r.files {
		list = append(list, rules.File{Field: r.fields[f.N], Name: r.names[f.N], Size: len(f.Data)})
	}
	return list
}

// responseBuffer holds a response until the rules have seen it and a fault has not dropped it.
type responseBuffer struct {
	status int
	header http.Header
	body   []byte
	wait   time.Duration
}

func (o *responseBuffer) run(r *request, h func(*request) (response, error)) {
	if v := r.PathValue("version"); v != "v9" && v != "v10" {
		o.fail(&wire.Error{Status: 400, Code: 50041, Message: "Invalid API version"})
		return
	}
	out, err := h(r)
	if err != nil {
		o.fail(err)
		return
	}
	o.json(out.status, out.body)
}

func (o *responseBuffer) fail(err error) {
	var e *wire.Error
	if !errors.As(err, &e) {
		slog.Error("sandbox: request failed", "error", err)
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
		slog.Error("sandbox: cannot encode a response", "error", err)
		o.status, data = 500, []byte(`{"message":"500: Internal Server Error","code":0}`)
	}
	o.header.Set("Content-Type", "application/json")
	o.body = data
}

func (o *responseBuffer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), o.header)
	w.WriteHeader(o.status)
	w.Write(o.body) // an error means that the client has disconnected
}

// dropConnection closes the connection without a response.
func dropConnection(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}
