package config

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file, or writes the file with -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (if that is right, run go test ./config -update)\n got: %s\nwant: %s", path, got, want)
	}
}

func TestExampleFile(t *testing.T) {
	t.Parallel()
	golden(t, "../docs/darkroom.example.yaml", example(t))
}

func TestExampleFileIsAccepted(t *testing.T) {
	t.Parallel()
	var all []string
	for line := range strings.Lines(string(example(t))) {
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			line = line[1:] // a setting, switched on
		}
		all = append(all, line)
	}
	src := sources("up", "--config", "all.yaml")
	src.ReadFile = func(string) ([]byte, error) { return []byte(strings.Join(all, "")), nil }
	if _, err := Load(src); err != nil {
		t.Errorf("got %v, want every setting of the example to be accepted", err)
	}
}

// example writes every setting that a file may hold, with its help, in the order of the structs.
func example(t *testing.T) []byte {
	t.Helper()
	var s Settings
	parser, err := newParser(&s, &resolver{}, io.Discard, func() {})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	fmt.Fprint(&b, "# Settings of darkroom. Name this file with --config or in the variable DARKROOM_CONFIG.\n"+
		"# Flags on the command line and environment variables override it.\n"+
		"# The bot's token does not belong here: darkroom reads it from DISCORD_TOKEN or from a file of its own.\n")
	seen := map[string]bool{}
	var walk func(n *kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			if f.Tag.Get("from") != "" && f.Name != "config" && !f.Hidden && !seen[f.Name] {
				seen[f.Name] = true
				fmt.Fprintf(&b, "\n# %s ($%s).\n#%s:%s\n", strings.TrimSuffix(f.Help, "."), f.Tag.Get("from"),
					f.Name, strings.TrimRight(" "+f.Default, " "))
			}
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	walk(parser.Model.Node)
	return b.Bytes()
}
