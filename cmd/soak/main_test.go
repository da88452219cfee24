package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestPage(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	got := page([]faultReport{
		{
			Fault: "kill -9 of a bot", Where: "separate processes", Tries: 400, Recovery: 12340, Seed: 7,
			Note: "12 asked | 11 shown", at: at,
		},
		{Fault: "network: silence", Where: "separate processes", Tries: 6, at: at},
		{Fault: "kill -9 of anything", Where: "virtual time", Tries: 3, Lost: 1, at: at},
	}, "2 cores")
	golden := filepath.Join("testdata", "page.md")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestReadReports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"whole":          {`{"fault":"f","where":"w","tries":2,"lost":0,"seed":18446744073709551615}`, ""},
		"no tries":       {`{"fault":"f","where":"w"}`, "needs"},
		"nothing at all": {``, "fact.json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "fact.json"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			reports, err := readReports(dir)
			if c.want == "" && (err != nil || len(reports) != 1 || reports[0].Tries != 2) {
				t.Errorf("got %+v, %v, want one report", reports, err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestOnlyThePageIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	page := filepath.Join(dir, "page.md")
	var out strings.Builder
	args := []string{"-write", "-facts", filepath.Join(dir, "facts"), "-page", page}
	if err := run(t.Context(), args, &out, &out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "0 real kills") {
		t.Errorf("got %q, %v, want a page of no kills", text, err)
	}
	if err := run(t.Context(), []string{"-parallel", "many"}, &out, &out); err == nil {
		t.Error("a wrong flag: got no error")
	}
}
