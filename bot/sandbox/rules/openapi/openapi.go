// Package openapi checks request bodies against Discord's own OpenAPI description, if a copy of it exists. It is for
// tests only: the description is large and not part of this project.
package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"darkroom/bot/sandbox/rules"
)

// Description is a loaded OpenAPI document. It compiles a schema when it first uses it.
type Description struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	routes   []route
	compiled map[string]*jsonschema.Schema
}

// route is a path of the document as a regular expression. Routes with fewer parameters come first, so that "@original"
// does not match an id.
type route struct {
	path   string
	expr   *regexp.Regexp
	method map[string]string // the methods with a JSON body: upper case → lower case
}

// document is the address under which the compiler finds the description.
const document = "file:///openapi.json"

// Load reads a description from a file.
func Load(file string) (*Description, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("read OpenAPI description: %w", err)
	}
	d := &Description{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := d.compiler.AddResource(document, doc); err != nil {
		return nil, fmt.Errorf("add OpenAPI description: %w", err)
	}
	return d, d.readRoutes(data)
}

var parameter = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func (d *Description) readRoutes(data []byte) error {
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("read OpenAPI paths: %w", err)
	}
	for path, methods := range doc.Paths {
		r := route{path: path, method: map[string]string{}}
		r.expr = regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(path), "[^/]+") + "$")
		for name, raw := range methods {
			if hasJSON(raw) {
				r.method[strings.ToUpper(name)] = name
			}
		}
		d.routes = append(d.routes, r)
	}
	sort.Slice(d.routes, func(i, j int) bool {
		return strings.Count(d.routes[i].path, "{") < strings.Count(d.routes[j].path, "{")
	})
	return nil
}

func hasJSON(operation json.RawMessage) bool {
	var op struct {
		Body struct {
			Content map[string]json.RawMessage `json:"content"`
		} `json:"requestBody"`
	}
	return json.Unmarshal(operation, &op) == nil && op.Body.Content["application/json"] != nil
}

// Check is a rule for a rules.Checker.
func (d *Description) Check(r rules.Request) []string {
	if len(r.Body) == 0 {
		return nil
	}
	schema, err := d.schema(r.Method, r.Path)
	if err != nil {
		return []string{err.Error()}
	}
	if schema == nil {
		return nil
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(r.Body))
	if err != nil {
		return []string{"the body is not JSON"}
	}
	if err := schema.Validate(body); err != nil {
		return []string{shorten(err.Error())}
	}
	return nil
}

// schema finds the schema of a request's body; nil if the description has none.
func (d *Description) schema(method, path string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.routes {
		if !r.expr.MatchString(path) || r.method[method] == "" {
			continue
		}
		at := fmt.Sprintf("%s#/paths/%s/%s/requestBody/content/application~1json/schema", document,
			url.PathEscape(strings.ReplaceAll(r.path, "/", "~1")), r.method[method])
		if s := d.compiled[at]; s != nil {
			return s, nil
		}
		s, err := d.compiler.Compile(at)
		if err != nil {
			return nil, fmt.Errorf("compile schema of %s %s: %w", method, r.path, err)
		}
		d.compiled[at] = s
		return s, nil
	}
	return nil, nil
}

// shorten keeps the start of an error text. The text for a union lists every branch and can be very long.
func shorten(text string) string {
	if len(text) > 900 {
		return text[:900] + "…"
	}
	return text
}
