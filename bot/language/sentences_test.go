package language

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// spoken are the packages whose sentences people read on Discord, below the repository.
var spoken = []string{
	"bot/admit", "bot/interaction", "bot/message", "queue/worker", "render", "render/addon", "render/checkpoint",
	"render/encode", "render/folder", "render/phrase", "render/picture", "render/pipeline", "render/prompt",
	"render/prompt/dynamic", "render/request",
}

// formats are the functions that take the English of a sentence, and which of their arguments it is. Of a sentence with
// a count it is the format for many: so catalogues name it.
var formats = map[string][]int{
	"phrase.Of": {0}, "phrase.Count": {2},
	"Refuse": {0, 1}, "request.Refuse": {0, 1}, "Suggest": {0}, "Note": {0}, "say": {0}, "checkLength": {1},
	"cutComments": {1}, "noteCrop": {1}, "ignored": {2}, "refuse": {0}, "refuseBecause": {0}, "Refusal": {0},
}

// methods are those of Language, by which sentences are printed at once.
var methods = map[string][]int{"Sprintf": {0}, "Text": {0}, "Count": {2}}

// TestEverySentenceIsTranslated finds the English of all sentences in the program, and looks for it in each built-in
// catalogue.
func TestEverySentenceIsTranslated(t *testing.T) {
	said := map[string]string{} // each sentence, with a place where it is said
	for _, dir := range spoken {
		readPackage(t, filepath.Join("../..", dir), said)
	}
	if len(said) < 150 {
		t.Fatalf("found %d sentences only: the search is broken", len(said))
	}
	files, err := embedded.ReadDir("catalogues")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := embedded.ReadFile("catalogues/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		var known map[string]json.RawMessage
		if err := json.Unmarshal(data, &known); err != nil {
			t.Fatal(err)
		}
		for sentence, place := range said {
			if known[sentence] == nil {
				t.Errorf("%s: %s lacks %q", place, f.Name(), sentence)
			}
		}
	}
}

// source is a package while its sentences are looked for.
type source struct {
	t         *testing.T
	fset      *token.FileSet
	constants map[string]ast.Expr
	params    []string // of the function that is read
	said      map[string]string
}

func readPackage(t *testing.T, dir string, said map[string]string) {
	t.Helper()
	s := source{t: t, fset: token.NewFileSet(), constants: map[string]ast.Expr{}, said: said}
	files := s.parse(dir)
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
				for i, name := range v.Names {
					s.constants[name.Name] = v.Values[i]
				}
			}
			return true
		})
	}
	for _, f := range files {
		for _, d := range f.Decls {
			s.params = nil
			if f, ok := d.(*ast.FuncDecl); ok {
				s.params = paramsOf(f)
			}
			ast.Inspect(d, s.read)
		}
	}
}

// parse reads the files of a package, without its tests.
func (s *source) parse(dir string) (files []*ast.File) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		s.t.Fatalf("%s has no source: %v", dir, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(s.fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			s.t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func paramsOf(f *ast.FuncDecl) (names []string) {
	for _, field := range f.Type.Params.List {
		for _, n := range field.Names {
			names = append(names, n.Name)
		}
	}
	return names
}

// read finds sentences in a call, in a failure's reason, and in the sentence of a render.Refusal.
func (s *source) read(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		for _, i := range s.argumentsOf(n) {
			if i < len(n.Args) {
				s.add(n.Args[i])
			}
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Sentence" {
			if _, isText := s.text(n.Value); isText {
				s.add(n.Value)
			}
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if isReason(name.Name) && i < len(n.Values) {
				s.add(n.Values[i])
			}
		}
	}
	return true
}

// isReason tells whether a constant is a reason of a failure, or one of the worker's steps, which are in such reasons.
func isReason(name string) bool {
	steps := []string{"checking", "rendering", "sealing", "posting"}
	return strings.HasPrefix(name, "Reason") || slices.Contains(steps, name)
}

// argumentsOf tells which arguments of a call are sentences.
func (s *source) argumentsOf(call *ast.CallExpr) []int {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return formats[f.Name]
	case *ast.SelectorExpr:
		on, _ := f.X.(*ast.Ident)
		if on != nil {
			if all := formats[on.Name+"."+f.Sel.Name]; all != nil {
				return all
			}
		}
		if all := formats[f.Sel.Name]; all != nil {
			return all
		}
		if on != nil && on.Name == "l" || strings.HasSuffix(nameOf(f.X), ".Language") {
			return methods[f.Sel.Name]
		}
	}
	return nil
}

// nameOf is an expression such as r.req.Language; "" for others than selectors.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return nameOf(e.X) + "." + e.Sel.Name
	}
	return ""
}

// add notes a sentence. What a function takes as an argument is a sentence where it is called.
func (s *source) add(e ast.Expr) {
	if call, ok := e.(*ast.CallExpr); ok {
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || f.Sel.Name != "Sprintf" || len(call.Args) == 0 {
			return // a sentence that another call makes
		}
		e = call.Args[0]
	}
	if p, ok := e.(*ast.Ident); ok && slices.Contains(s.params, p.Name) {
		return
	}
	text, ok := s.text(e)
	place := s.fset.Position(e.Pos())
	if !ok {
		s.t.Errorf("%s: this sentence is no constant, so it cannot be found in catalogues", place)
	}
	if hasWords(text) {
		s.said[text] = strings.TrimPrefix(place.String(), "../../")
	}
}

// text returns a constant text.
func (s *source) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		first, ok := s.text(e.X)
		second, ok2 := s.text(e.Y)
		return first + second, ok && ok2
	case *ast.ParenExpr:
		return s.text(e.X)
	case *ast.Ident:
		if value := s.constants[e.Name]; value != nil {
			return s.text(value)
		}
	case *ast.CallExpr: // a conversion, such as Refusal("…")
		if len(e.Args) == 1 {
			return s.text(e.Args[0])
		}
	}
	return "", false
}

// hasWords tells whether a format has words besides its values.
func hasWords(format string) bool {
	return strings.ContainsFunc(verbs.ReplaceAllString(format, ""), unicode.IsLetter)
}
