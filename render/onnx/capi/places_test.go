package capi

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestPlaces: each function stands in OrtApi where api.h says. The binding's module has the runtime's header.
func TestPlaces(t *testing.T) {
	t.Parallel()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/yalue/onnxruntime_go").Output()
	if err != nil {
		t.Skipf("the binding's module is not here: %v", err)
	}
	header, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "onnxruntime_c_api.h"))
	if err != nil {
		t.Fatal(err)
	}
	want := functions(t, string(header))
	ours, err := os.ReadFile("api.h")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`at_(\w+) = (\d+)`).FindAllStringSubmatch(string(ours), -1)
	if len(found) < 25 {
		t.Fatalf("api.h names %d places, want all", len(found))
	}
	for _, f := range found {
		place, _ := strconv.Atoi(f[2])
		if place >= len(want) || want[place] != f[1] {
			t.Errorf("%s is not function %d of OrtApi", f[1], place)
		}
	}
	version := regexp.MustCompile(`api_version = (\d+)`).FindStringSubmatch(string(ours))
	if !strings.Contains(string(header), "#define ORT_API_VERSION "+version[1]+"\n") {
		t.Errorf("api.h asks for API %s, the binding for another", version[1])
	}
}

// functions are the names of OrtApi's functions, in their order.
func functions(t *testing.T, header string) []string {
	t.Helper()
	_, body, found := strings.Cut(header, "struct OrtApi {")
	body, _, ends := strings.Cut(body, "\n};")
	if !found || !ends {
		t.Fatal("the header has no OrtApi")
	}
	body = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(body, "")
	body = regexp.MustCompile(`//[^\n]*`).ReplaceAllString(body, "")
	forms := []*regexp.Regexp{
		regexp.MustCompile(`ORT_API2_STATUS\(\s*(\w+)`), regexp.MustCompile(`ORT_API_T\([^,]*,\s*(\w+)`),
		regexp.MustCompile(`ORT_CLASS_(RELEASE)\(\s*(\w+)`), regexp.MustCompile(`\(\s*ORT_API_CALL\s*\*\s*(\w+)\s*\)`),
	}
	var names []string
	for statement := range strings.SplitSeq(body, ";") {
		for _, form := range forms {
			m := form.FindStringSubmatch(statement)
			if m == nil {
				continue
			}
			name := m[len(m)-1]
			if len(m) == 3 {
				name = "Release" + name
			}
			names = append(names, name)
			break
		}
	}
	return names
}
