package language_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sentences are the English formats that the program prints, with whether each has a count.
type sentences map[string]bool

// formatsIn tells which parameters of a function are formats, by the function's name.
var formatsIn = map[string][]int{
	"Text": {0}, "Sprintf": {0}, "Of": {0}, "Refusal": {0}, "Refuse": {0, 1}, "Suggest": {0}, "Note": {0}, "refuse": {0},
	"Count": {2}, "refuseBecause": {0},
}

// source is a folder of the program with its files.
type source struct {
	folder string
	files  []*ast.File
	texts  map[string]ast.Expr // of constants, by name
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
				at = &source{folder: filepath.Dir(path), texts: map[string]ast.Expr{}}
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
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == len(v.Values) {
			for i, name := range v.Names {
				s.texts[name.Name] = v.Values[i]
			}
		}
		return true
	})
}

// text is the value of an expression that is a constant text.
func (s *source) text(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.ParenExpr:
		return s.text(e.X)
	case *ast.BinaryExpr:
		left, ok := s.text(e.X)
		right, too := s.text(e.Y)
		return left + right, ok && too && e.Op == token.ADD
	case *ast.Ident:
		if value := s.texts[e.Name]; value != nil {
			if _, same := value.(*ast.Ident); !same {
				return s.text(value)
			}
		}
	}
	return "", false
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
		if strings.HasPrefix(name, "Reason") || strings.HasPrefix(name, "reason") {
			if text, ok := s.text(value); ok {
				all[text] = false
			}
		}
	}
}

func (s *source) collectCall(call *ast.CallExpr, all sentences) {
	name, of := calledName(call)
	if of == "fmt" || name == "Count" && len(call.Args) < 3 {
		return
	}
	if name == "ignored" && len(call.Args) > 2 { // render/prompt: what is wrong with a flag
		if text, ok := s.text(call.Args[2]); ok {
			all["`--%s%s` was ignored: "+text] = false
		}
	}
	for _, i := range formatsIn[name] {
		if i >= len(call.Args) {
			continue
		}
		if text, ok := s.text(call.Args[i]); ok && text != "" {
			all[text] = all[text] || name == "Count"
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
