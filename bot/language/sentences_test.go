package language_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"darkroom/bot/command"
)

// sentences are the English formats that the program prints, with whether each has a count.
type sentences map[string]bool

// formatsIn tells which parameters of a function are formats, by the function's name.
var formatsIn = map[string][]int{
	"Text": {0}, "Sprintf": {0}, "Of": {0}, "Refusal": {0}, "Refuse": {0, 1}, "Suggest": {0}, "Note": {0}, "refuse": {0},
	"Count": {2}, "refuseBecause": {0}, "nameReader": {1}, "ignored": {2},
	"say": {0}, "noteCrop": {1}, "checkLength": {1}, "cutComments": {1},
	"inputImage": {2}, "initImage": {1},
}

// source is a folder of the program with its files.
type source struct {
	folder string
	files  []*ast.File
	texts  map[string][]ast.Expr // of constants and variables, by name
}

// readSource parses the files of all folders below some, without tests.
func readSource(t *testing.T, roots ...string) (all []source) {
	t.Helper()
	folders := map[string]*source{}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			at := folders[filepath.Dir(path)]
			if at == nil {
				at = &source{folder: filepath.Dir(path), texts: map[string][]ast.Expr{}}
				folders[at.folder] = at
			}
			at.files = append(at.files, f)
			at.readConstants(f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range folders {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b source) int { return strings.Compare(a.folder, b.folder) })
	return all
}

func (s *source) readConstants(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, value := range n.Values {
				s.texts[n.Names[i].Name] = append(s.texts[n.Names[i].Name], value)
			}
		case *ast.AssignStmt:
			for i, to := range n.Lhs {
				if name, ok := to.(*ast.Ident); ok && len(n.Lhs) == len(n.Rhs) {
					s.texts[name.Name] = append(s.texts[name.Name], n.Rhs[i])
				}
			}
		}
		return true
	})
}

// constants are the texts that an expression can be: of a name, all that have this name in the package.
func (s *source) constants(e ast.Expr) (all []string) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return []string{text}
		}
	case *ast.ParenExpr:
		return s.constants(e.X)
	case *ast.BinaryExpr:
		left, right := s.constants(e.X), s.constants(e.Y)
		if len(left)+len(right) > 0 && e.Op == token.ADD {
			return []string{one(left) + one(right)}
		}
	case *ast.CallExpr:
		if name, of := calledName(e); of == "fmt" && name == "Sprintf" {
			return s.constants(e.Args[0])
		}
	case *ast.Ident:
		for _, value := range s.texts[e.Name] {
			if _, name := value.(*ast.Ident); !name {
				all = append(all, s.constants(value)...)
			}
		}
	}
	return all
}

// one is the only text of several, or a value in a sentence.
func one(texts []string) string {
	if len(texts) == 1 {
		return texts[0]
	}
	return "%s"
}

// collect adds the formats of all calls that print or make a sentence, and the reasons, which are stored.
func (s *source) collect(all sentences) {
	for _, f := range s.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				s.collectCall(call, all)
			}
			return true
		})
	}
	for name, value := range s.texts {
		if strings.HasPrefix(strings.ToLower(name), "reason") {
			for _, one := range value {
				for _, text := range s.constants(one) {
					all[text] = false
				}
			}
		}
	}
}

func (s *source) collectCall(call *ast.CallExpr, all sentences) {
	name, of := calledName(call)
	if of == "fmt" || name == "Count" && len(call.Args) < 3 {
		return
	}
	for _, i := range formatsIn[name] {
		if i >= len(call.Args) {
			continue
		}
		for _, text := range s.constants(call.Args[i]) {
			if text != "" {
				all[text] = all[text] || name == "Count"
			}
		}
	}
}

// calledName is the name of what is called, and the package or value that it is called of.
func calledName(call *ast.CallExpr) (name, of string) {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name, ""
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			of = x.Name
		}
		return f.Sel.Name, of
	}
	return "", ""
}

// forOperators are the folders whose sentences are not read on Discord.
var forOperators = []string{"bot/sandbox", "render/hub", "render/onnx", "render/device"}

// spoken are all sentences of the program: those of its source, and those of the registered commands.
func spoken(t *testing.T) sentences {
	t.Helper()
	all := sentences{}
	for _, s := range readSource(t, "../../bot", "../../render", "../../queue") {
		if !slices.ContainsFunc(forOperators, func(f string) bool { return strings.Contains(s.folder, f) }) {
			s.collect(all)
		}
	}
	for _, c := range command.All() {
		all[c.Description] = false
		if c.Description == "" {
			all[c.Name] = false
		}
		addOptions(all, c.Options)
	}
	delete(all, "")
	return all
}

func addOptions(all sentences, options []command.Option) {
	for _, o := range options {
		all[o.Description] = false
		for _, c := range o.Choices {
			if strings.Contains(c.Name, " ") {
				all[c.Name] = false
			}
		}
		addOptions(all, o.Options)
	}
}

// TestGermanIsWhole: the German catalogue has all sentences that the program can say, with plural forms where there is
// a count, and no others.
func TestGermanIsWhole(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("catalogues/de.json")
	if err != nil {
		t.Fatal(err)
	}
	german := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &german); err != nil {
		t.Fatal(err)
	}
	all := spoken(t)
	for _, english := range slices.Sorted(maps.Keys(all)) {
		text, ok := german[english]
		switch {
		case !ok:
			t.Errorf("no German for %q (count: %v)", english, all[english])
		case all[english] != (text[0] == '{'):
			t.Errorf("%q: has a count: %v, and its German is %s", english, all[english], text)
		}
	}
	for english := range german {
		if _, ok := all[english]; !ok {
			t.Errorf("German for a sentence that nobody says: %q", english)
		}
	}
}
