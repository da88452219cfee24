//go:build cgo

package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/addon"
	"darkroom/render/demo"
	"darkroom/render/golden/goldentest"
	"darkroom/render/inventory"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/request"
)

// addonsOf lists the add-ons of a directory and of the demo model, by name.
func addonsOf(t *testing.T, models string) map[string]request.AddonCard {
	t.Helper()
	v, err := Directory(models).Inventory(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]request.AddonCard{}
	for _, a := range v.Addons() {
		all[a.Name] = a
	}
	return all
}

func TestAddonsOfTheDemo(t *testing.T) {
	t.Parallel()
	all := addonsOf(t, t.TempDir())
	for path, kind := range map[string]inventory.Kind{
		"lora/stained-glass": inventory.LoRA, "embeddings/kite": inventory.Embedding,
		"hypernetworks/sepia": inventory.Hypernetwork,
	} {
		whole, short, err := addon.Hashes(string(kind), "../demo/addons/"+path+".safetensors")
		got := all[filepath.Base(path)]
		if err != nil || got.Kind != string(kind) || got.Hash != whole || got.Short != short {
			t.Errorf("%s: got %+v, want the hashes %s and %s (%v)", path, got, whole, short, err)
		}
	}
}

// TestAddonWithNeighbours: what lies beside a file goes before what it says itself.
func TestAddonWithNeighbours(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	glass, err := os.ReadFile("../demo/addons/lora/stained-glass.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, models, "models/Lora/sub/mine.safetensors", string(glass))
	onnxtest.WriteFile(t, models, "models/Lora/sub/mine.json", `{"activation text":"glass, lead","preferred weight":0.6}`)
	onnxtest.WriteFile(t, models, "models/Lora/sub/mine.civitai.info", `{"model":{"nsfw":true},"trainedWords":["x"]}`)
	got := addonsOf(t, models)["mine"]
	if !slices.Equal(got.Triggers, []string{"glass", "lead"}) || got.Strength != 0.6 || !got.NSFW ||
		got.Alias != "stained-glass" {
		t.Errorf("got %+v, want its neighbours' words, strength and mark, and its own alias", got)
	}
}

func TestAddonThatIsNone(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	kite, err := os.ReadFile("../demo/addons/embeddings/kite.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, models, "loras/kite.safetensors", string(kite))
	onnxtest.WriteFile(t, models, "vae/x.safetensors", "x")
	v, err := Directory(models).Inventory(nil)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, fault := range v.Faults() {
		text.WriteString(fault.Error() + "\n")
	}
	for _, want := range []string{"loras/kite.safetensors: ", "is no LoRA", "vae/x.safetensors: "} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("got the faults\n%s, want %q", &text, want)
		}
	}
}

// TestChosenWaitsForNothing: a model that was chosen by name is hashed at once if no other is ready.
func TestChosenWaitsForNothing(t *testing.T) {
	t.Parallel()
	v, err := Directory(t.TempDir()).Inventory(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, names := range [][]string{nil, {demo.Name}} {
		c := Chosen{Inventory: v, Names: names}
		if err := c.Prepare(t.Context()); err != nil || len(c.Models()) != 1 {
			t.Errorf("%q: got %v, %v, want the demo model", names, c.Models(), err)
		}
	}
	c := Chosen{Inventory: v, Names: []string{demo.Name, "sd15"}}
	if err := c.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), `"sd15"`) {
		t.Errorf("got %v, want to hear of sd15", err)
	}
}

// TestCheckpoints: a file is a model of its own name, and its card beside it names another.
func TestCheckpoints(t *testing.T) {
	t.Parallel()
	models := t.TempDir()
	source := goldentest.Checkpoint(t, "sd1-f16")
	for _, path := range []string{"plain.safetensors", "downloads/plain.safetensors", "checkpoints/named.safetensors"} {
		target := filepath.Join(models, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(source, target); err != nil {
			t.Skip(err)
		}
	}
	onnxtest.WriteFile(t, models, "checkpoints/named.json", `{"name":"Harbour XL","defaults":{"steps":7}}`)
	v, err := Directory(models).Inventory(nil)
	if err != nil {
		t.Fatal(err)
	}
	v.HashNow(t.Context(), func(inventory.Entry) bool { return true })
	var found []string
	for _, e := range v.Entries() {
		if e.Kind == inventory.Checkpoint {
			found = append(found, e.Model.Name+" like "+e.Twin)
		}
	}
	slices.Sort(found)
	want := []string{"Harbour XL like ", "downloads/plain like named", "plain like named"}
	if !slices.Equal(found, want) {
		t.Errorf("got %q (%v), want %q", found, v.Faults(), want)
	}
	for _, asked := range []string{"plain", "downloads/plain", "Harbour XL", "named", "plain.safetensors", source} {
		m, err := Directory(models).Open(asked, nil)
		if err != nil || len(m.Hash) != 64 || m.Changed() != nil || len(m.Files) != 1 {
			t.Errorf("%s: got %+v, %v, want the checkpoint, hashed", asked, m, err)
		}
	}
	if m, err := Directory(models).OpenUnhashed("named"); err != nil || m.Hash != "" || Card(m).Defaults.Steps != 7 {
		t.Errorf("got %+v, %v, want the settings of its card, and no hash", m, err)
	}
}
