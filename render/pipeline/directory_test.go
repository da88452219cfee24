//go:build cgo

package pipeline

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/demo"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/onnxtest"
)

func names(folders []*folder.Model) (all []string) {
	for _, f := range folders {
		all = append(all, f.Name)
	}
	return all
}

func TestCacheOfAMachineWithoutAHome(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(file, "nonexistent"))
	if got := cacheFile("hashes.json"); !strings.HasPrefix(got, os.TempDir()) {
		t.Errorf("a home that cannot be made: got %s, want it in %s", got, os.TempDir())
	}
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	if got, want := cacheFile("hashes.json"), filepath.Join(home, "darkroom", "hashes.json"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	t.Run("a name that is not there", func(t *testing.T) {
		t.Parallel()
		_, err := Directory(t.TempDir()).Open("sd15", nil)
		if err == nil || !strings.Contains(err.Error(), "no such folder or file") {
			t.Errorf("got %v, want to hear that there is no such folder", err)
		}
	})
	t.Run("a broken folder is left out and told, the demo stays", func(t *testing.T) {
		t.Parallel()
		models := t.TempDir()
		if err := os.Mkdir(filepath.Join(models, "empty"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".hidden", "file"} {
			if err := os.WriteFile(filepath.Join(models, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		folders, faults := Directory(models).OpenAll(t.Context())
		if len(folders) != 1 || folders[0].Name != demo.Name || len(faults) != 1 ||
			!strings.Contains(faults[0].Error(), "empty") {
			t.Errorf("got %v, %v, want the demo model and one fault about empty", names(folders), faults)
		}
	})
	t.Run("files that cannot be used and broken links are told, other files are not", func(t *testing.T) {
		t.Parallel()
		models := t.TempDir()
		for _, name := range []string{
			"v1-5.safetensors", "old.CKPT", "unet.onnx", "README.md", ".DS_Store", "._v1-5.safetensors",
		} {
			onnxtest.WriteFile(t, models, name, "x")
		}
		onnxtest.WriteFile(t, models, "downloads/xl.safetensors", "x")
		if err := os.Symlink(filepath.Join(models, "nowhere"), filepath.Join(models, "linked")); err != nil {
			t.Fatal(err)
		}
		_, faults := Directory(models).OpenAll(t.Context())
		text := fmt.Sprint(faults)
		for _, want := range []string{
			"v1-5.safetensors: ", "old.CKPT\": a pickle", "unet.onnx\": a single network", "linked\": a link to nothing",
			"xl.safetensors: ",
		} {
			if len(faults) != 5 || !strings.Contains(text, want) {
				t.Errorf("got %d faults %v, want 5, one with %q", len(faults), text, want)
			}
		}
		for _, asked := range []string{"v1-5.safetensors", "v1-5", filepath.Join(models, "v1-5.safetensors"), "old.CKPT"} {
			if _, err := Directory(models).Open(asked, nil); err == nil || !strings.Contains(err.Error(), asked) {
				t.Errorf("open %s: got %v, want to hear what is wrong with it", asked, err)
			}
		}
	})
	t.Run("a model has the name of its folder and of its card", func(t *testing.T) {
		t.Parallel()
		models := t.TempDir()
		for folder, name := range map[string]string{"a": "harbour xl", "b": "twin", "c": "twin"} {
			if err := os.Rename(goldentest.Model(t, goldentest.SD1), filepath.Join(models, folder)); err != nil {
				t.Fatal(err)
			}
			onnxtest.WriteFile(t, models, folder+"/darkroom.json", `{"name":"`+name+`"}`)
		}
		for _, asked := range []string{"a", "harbour xl", "Harbour XL"} {
			if f, err := Directory(models).Open(asked, nil); err != nil || f.Name != "harbour xl" {
				t.Errorf("%s: got %v, %v, want harbour xl", asked, f, err)
			}
		}
		if _, err := Directory(models).Open("twin", nil); err == nil || !strings.Contains(err.Error(), "name the folder") {
			t.Errorf("two of one name: got %v, want to be asked for the folder", err)
		}
		for _, asked := range []string{"POSTCARDS", demo.Name} {
			if f, err := Directory(models).Open(asked, nil); err != nil || f.Name != demo.Name {
				t.Errorf("%s: got %v, %v, want the demo model", asked, f, err)
			}
		}
		if f, err := Directory(models).Open("C", nil); err != nil || filepath.Base(f.Dir) != "c" {
			t.Errorf("C: got %v, %v, want c", f, err)
		}
		if f, err := Directory(models).Open("c", nil); err != nil || filepath.Base(f.Dir) != "c" {
			t.Errorf("c: got %v, %v", f, err)
		}
	})
	t.Run("a folder whose tokenizer cannot be read is left out and told", func(t *testing.T) {
		t.Parallel()
		models := t.TempDir()
		if err := (onnxtest.Folder{}).Write(filepath.Join(models, "little")); err != nil {
			t.Fatal(err)
		}
		folders, faults := Directory(models).OpenAll(t.Context())
		if len(folders) != 1 || len(faults) != 1 || !strings.Contains(faults[0].Error(), filepath.Join(models, "little")) {
			t.Errorf("got %v, %v, want the demo model and one fault that names the folder", names(folders), faults)
		}
	})
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all := []*folder.Model{{Name: "a"}, {Name: "b"}}
	if got, err := Choose(all, nil); err != nil || len(got) != 2 {
		t.Errorf("no names: got %v, %v, want all", names(got), err)
	}
	if got, err := Choose(all, []string{"b"}); err != nil || !slices.Equal(names(got), []string{"b"}) || len(all) != 2 {
		t.Errorf("got %v, %v, want b", names(got), err)
	}
	all[1].Dir = "/models/folder-of-b"
	if got, err := Choose(all, []string{"folder-of-b"}); err != nil || !slices.Equal(names(got), []string{"b"}) {
		t.Errorf("a folder's name: got %v, %v, want b", names(got), err)
	}
	if got, err := Choose(all, []string{"Folder-of-B"}); err != nil || !slices.Equal(names(got), []string{"b"}) {
		t.Errorf("in another case: got %v, %v, want b", names(got), err)
	}
	if _, err := Choose(all, []string{"sd15"}); err == nil || !strings.Contains(err.Error(), `model "sd15"`) {
		t.Errorf("got %v, want to hear of sd15", err)
	}
}
