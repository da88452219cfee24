package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// importRule forbids the packages below from to import, themselves, anything below one of to; a path that ends in "$"
// is that package alone. except names packages that may all the same.
type importRule struct {
	from   string
	to     []string
	except []string
	why    string
}

const (
	discordgo   = "github.com/bwmarrin/discordgo"
	goRedis     = "github.com/redis/go-redis"
	onnxBinding = "github.com/yalue/onnxruntime_go"
)

var importRules = []importRule{
	{
		"darkroom/render", []string{"darkroom/bot", "darkroom/queue", "darkroom/store", "darkroom/config", "darkroom/cmd"},
		nil,
		"painting must not know who asked",
	},
	{"darkroom/queue", []string{"darkroom/store", "darkroom/bot", "darkroom/config", "darkroom/cmd"}, nil,
		"the queue is an index that may vanish: it must not reach for the truth"},
	{"darkroom/store", []string{"darkroom/queue", "darkroom/bot", "darkroom/config", "darkroom/cmd"}, nil,
		"the truth must not depend on its index"},
	{"darkroom/config", []string{"darkroom"}, []string{"darkroom/config"},
		"settings know no package, so no package can reach for another's settings"},
	{"darkroom/bot", []string{"darkroom/config", "darkroom/cmd"}, nil,
		"packages take their own options; only cmd opens the configuration"},
	{
		"darkroom/bot/admit",
		[]string{"net", "os", "time", "database/sql", discordgo, "darkroom/store", "darkroom/queue", "darkroom/bot"},
		[]string{"darkroom/bot/admit", "darkroom/bot/command", "darkroom/bot/language", "darkroom/store/limits"},
		"a judgement is a pure function",
	},
	{
		"darkroom/store/limits",
		[]string{"darkroom"},
		nil,
		"the store and a judgement share two plain records, and nothing else",
	},
	{
		"darkroom/render/request",
		[]string{
			"net", "os", "io", "time", "math/rand", "database/sql", "log", "darkroom/render/onnx", "darkroom/render/pipeline",
			"darkroom/render/folder", "darkroom/render/family", "darkroom/render/clip", "darkroom/render/noise",
			"darkroom/render/tensor",
		},
		nil,
		"a Spec follows from words, a card and a seed alone: the same at the shell and in a chat",
	},
	{"darkroom", []string{"darkroom/bot$"}, []string{"darkroom/cmd/darkroom"},
		"bot wires the rooms and is no room itself: only cmd starts it"},
	{"darkroom/bot/button", []string{"darkroom"}, []string{"darkroom/bot/button"},
		"a custom_id is read and written without knowing what it leads to"},
	{
		"darkroom/bot/message", []string{"net", "darkroom/store", "darkroom/bot"},
		[]string{"darkroom/bot/message", "darkroom/bot/button", "darkroom/bot/language"},
		"what messages say is a function of plain values, so that a language is one set of files",
	},
	{
		"darkroom/bot/rest", []string{"darkroom/store", "darkroom/bot"},
		[]string{"darkroom/bot/rest", "darkroom/bot/message", "darkroom/bot/button", "darkroom/bot/language"},
		"a renderer posts with it, and has no database",
	},
	{
		"darkroom/bot/job", []string{"net", "darkroom/bot"},
		[]string{"darkroom/bot/job", "darkroom/bot/message", "darkroom/bot/button", "darkroom/bot/language"},
		"a job is a value that the rooms hand to each other",
	},
	{
		"darkroom/bot/command", []string{"net", "darkroom/store", "darkroom/queue", "darkroom/bot"},
		[]string{"darkroom/bot/command", "darkroom/bot/language"},
		"reading an interaction needs the interaction alone",
	},
	{"darkroom/bot/outbox", []string{"darkroom/bot/delivery", "darkroom/bot/interaction"}, nil,
		"the outbox tells others through functions that it is given: it works whoever listens"},
	{"darkroom/bot/delivery", []string{"darkroom/bot/outbox", "darkroom/bot/interaction"}, nil,
		"delivery names in interfaces what it needs of the outbox, so that each can be tested alone"},
	{"darkroom/bot/interaction", []string{"darkroom/bot/outbox", "darkroom/bot/delivery", "darkroom/bot/gateway"}, nil,
		"what a person can do names in interfaces what it needs of the rooms behind it"},
	{
		"darkroom/bot/language", []string{"net", "darkroom"}, []string{"darkroom/bot/language", "darkroom/render/phrase"},
		"a sentence is printed without knowing what it is about",
	},
	{"darkroom/render/phrase", []string{"darkroom"}, []string{"darkroom/render/phrase"},
		"a sentence that is in no language yet is a format and its values"},
	{"darkroom", []string{"github.com/nicksnyder/go-i18n"}, []string{"darkroom/bot/language"},
		"catalogues are read in one place"},
	{"darkroom/bot/catalog", []string{"darkroom/store", "darkroom/bot"}, []string{"darkroom/bot/catalog"},
		"what can be painted does not depend on who asks"},
	{"darkroom/bot/gateway", []string{"darkroom/store", "darkroom/queue", "darkroom/bot"},
		[]string{"darkroom/bot/gateway", "darkroom/bot/command", "darkroom/bot/language", "darkroom/bot/rest",
			"darkroom/queue/backoff"},
		"the gateway hands on interactions and does not know what becomes of them"},
	{"darkroom/bot/retention", []string{"darkroom/queue", "darkroom/bot"}, []string{"darkroom/bot/retention"},
		"forgetting needs the database alone"},
	{"darkroom/bot/sandbox", []string{"darkroom"}, []string{"darkroom/bot/sandbox"},
		"a stand-in that knows the program it tests proves nothing"},
	{"darkroom", []string{discordgo}, []string{"darkroom/bot/gateway"},
		"discordgo has defects that are fenced in by one package"},
	{"darkroom", []string{goRedis, "github.com/alicebob/miniredis"}, []string{"darkroom/queue"},
		"every key and script has one home"},
	{
		"darkroom", []string{"database/sql", "github.com/jackc/pgx", "modernc.org/sqlite", "github.com/pressly/goose"},
		[]string{"darkroom/store", "darkroom/store/postgrestest"},
		"every query has one home",
	},
	{"darkroom", []string{onnxBinding}, []string{"darkroom/render/onnx"},
		"the runtime can be replaced if one package knows it"},
	{
		"darkroom/render/folder", []string{"C", "darkroom/render"},
		[]string{
			"darkroom/render/family", "darkroom/render/filehash", "darkroom/render/folder", "darkroom/render/mapped",
			"darkroom/render/onnx/graph", "darkroom/render/onnx/trace",
			"darkroom/render/picture", "darkroom/render/request",
		},
		"a folder is checked without a runtime, and builds without a C compiler",
	},
	{
		"darkroom/render/family",
		[]string{"C", "os", "io/fs", "darkroom/render/folder", "darkroom/render/onnx", "darkroom/render/pipeline"}, nil,
		"a family is a plain value: it knows no file and no runtime",
	},
	{"darkroom/render/onnx/install", []string{"C", "darkroom/render/onnx$", "darkroom/render/device"}, nil,
		"libraries are fetched before there is one, and without a C compiler"},
	{"darkroom/render/device", []string{"C", "net", "darkroom/render/onnx$"}, nil,
		"a choice of devices opens none of them"},
	{
		"darkroom/render/upscale",
		[]string{"darkroom", "C", "net", "os"},
		[]string{"darkroom/render/tensor", "darkroom/render/upscale"},
		"making a picture larger needs its pixels and a network, whatever model and Spec they belong to",
	},
	{
		"darkroom/render/hub", []string{"darkroom", "C"},
		[]string{
			"darkroom/render/hub",
			"darkroom/render/hub/hubtest",
			"darkroom/render/download",
			"darkroom/render/family",
		},
		"a hub is asked for files; what they are to this program, others know",
	},
	{
		"darkroom/render/ncnn",
		[]string{"darkroom", "C", "net", "os"},
		[]string{"darkroom/render/ncnn", "darkroom/render/tensor"},
		"a network's two files are bytes, wherever they come from",
	},
	{"darkroom/render/download", []string{"darkroom", "C"}, []string{"darkroom/render/download"},
		"a file is fetched the same way whatever it is for"},
	{"darkroom/render/encode/icc", []string{"darkroom", "C", "net", "os"}, []string{"darkroom/render/encode/icc"},
		"a colour profile is numbers in a file, whatever image it came with"},
	{"darkroom/render/encode/comfy", []string{"darkroom", "C", "net", "os"}, []string{"darkroom/render/encode/comfy"},
		"another program's graph is a text, whatever its settings become here"},
	{"darkroom/queue", []string{"darkroom/render/onnx", "darkroom/render/sampler", "darkroom/render/clip"}, nil,
		"the queue carries a Spec, it does not paint"},
	{"darkroom/bot", []string{"darkroom/render/onnx", "darkroom/render/pipeline", "darkroom/render/demo"}, nil,
		"the bot must build without a C compiler"},
}

// below tells whether path is pkg or inside it.
func below(path, pkg string) bool { return path == pkg || strings.HasPrefix(path, pkg+"/") }

// matches tells whether path is what a rule means by to.
func matches(path, to string) bool {
	if only, exact := strings.CutSuffix(to, "$"); exact {
		return path == only
	}
	return below(path, to)
}

func (w importRule) allows(pkg string) bool {
	for _, e := range w.except {
		if pkg == e || e == "darkroom/config" && below(pkg, e) || e == "darkroom/bot/sandbox" && below(pkg, e) {
			return true
		}
	}
	return false
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T, env ...string) []goPackage {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports", "darkroom/...")
	list.Env = append(os.Environ(), env...)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p goPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func TestImports(t *testing.T) {
	t.Parallel()
	all := packages(t)
	if len(all) < 15 {
		t.Fatalf("found %d packages, too few to be all of them", len(all))
	}
	for _, p := range all {
		for _, w := range importRules {
			if !below(p.ImportPath, w.from) || w.allows(p.ImportPath) {
				continue
			}
			for _, i := range p.Imports {
				for _, to := range w.to {
					if matches(i, to) && !w.allows(i) {
						t.Errorf("%s imports %s: %s", p.ImportPath, i, w.why)
					}
				}
			}
		}
		if below(p.ImportPath, "darkroom/cmd") {
			continue
		}
		for _, i := range p.Imports {
			if below(i, "darkroom/config") && !below(p.ImportPath, "darkroom/config") {
				t.Errorf("%s imports %s: only cmd opens the configuration", p.ImportPath, i)
			}
		}
	}
}

func TestTopLevelFiles(t *testing.T) {
	t.Parallel()
	folders := map[string]bool{
		"cmd": true, "bot": true, "queue": true, "render": true, "store": true, "config": true, "docs": true,
	}
	files := map[string]bool{
		"go.mod": true, "go.sum": true, "Dockerfile": true, "README.md": true, "Makefile": true, "compose.yaml": true,
		"LICENSE": true, "CHANGELOG.md": true,
	}
	out, err := exec.Command("git", "-C", "../..", "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		top, _, inside := strings.Cut(path, "/")
		if !strings.HasPrefix(top, ".") && !(inside && folders[top]) && !(!inside && files[top]) {
			t.Errorf("%s is outside the top-level folders", path)
		}
	}
}
