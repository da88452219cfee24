package hub

import (
	"strings"
	"testing"
)

const somewhere = "https://hub.example/mirror"

func TestParseName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Name{
		"a/b":                        {"a", "b", "main", ""},
		"stabilityai/sd-turbo":       {"stabilityai", "sd-turbo", "main", ""},
		"a/b.c@v1.0":                 {"a", "b.c", "v1.0", ""},
		"a/b/x.safetensors":          {"a", "b", "main", "x.safetensors"},
		"a/b@fp16/unet/x y.bin":      {"a", "b", "fp16", "unet/x y.bin"},
		"a/b@refs/pr/12":             {"a", "b", "refs/pr/12", ""},
		"a/b@refs/pr/12/x/y.json":    {"a", "b", "refs/pr/12", "x/y.json"},
		"a/b@my%2Fbranch/x":          {"a", "b", "my/branch", "x"},
		"a/b/folder/":                {"a", "b", "main", "folder"},
		somewhere + "/a/b":           {"a", "b", "main", ""},
		somewhere + "/a/b/":          {"a", "b", "main", ""},
		somewhere + "/a/b/tree/fp16": {"a", "b", "fp16", ""},
		somewhere + "/a/b/blob/main/x%20y.safetensors?download=true": {"a", "b", "main", "x y.safetensors"},
		somewhere + "/a/b/resolve/refs%2Fpr%2F3/unet/x.safetensors":  {"a", "b", "refs/pr/3", "unet/x.safetensors"},
	} {
		got, err := ParseName(text, somewhere)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", text, got, err, want)
		}
		if again, err := ParseName(got.String(), somewhere); err != nil || again != got {
			t.Errorf("%s: written as %s, which reads as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{
		"", "a", "a/", "/b", "a/b@", "a/b@/x", "a b/c", "a/b/../c", "a/b//c", "a/b/./c", "a/b@../x", "a/..", "../a",
		"a/b@x%2F..%2Fy", "a/b/c\\d", "a/b/c\x1b[2J", "-a/b", "a/b-", "https://elsewhere.example/a/b", somewhere + "/a",
		somewhere + "/a/b/discussions/1", "https://hub.example/a/b", "a/" + strings.Repeat("b", 97),
	} {
		if got, err := ParseName(text, somewhere); err == nil {
			t.Errorf("%q: got %+v, want an error", text, got)
		}
	}
}

func TestIsSafe(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"x": true, "unet/model.onnx": true, "a b/é.json": true, "..x/y": true,
		"": false, "/x": false, "../x": false, "x/../../y": false, "x/..": false, "./x": false, "x//y": false, "x/": false,
		`..\x`: false, "C:x": false, "x\x00": false, "x\ny": false, "x\u202ey": false, "\xff": false,
		strings.Repeat("x", maxPath+1): false,
	} {
		if got := IsSafe(name); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
}
