//go:build cgo

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// soakEnv asks for the long forms of tests, reportsEnv names a directory for their reports.
const (
	soakEnv    = "DARKROOM_SOAK"
	reportsEnv = "DARKROOM_FACTS"
)

func soaking() bool { return os.Getenv(soakEnv) != "" }

// faultReport is the result of a test with a fault: a row of docs/reliability.md.
type faultReport struct {
	Fault    string `json:"fault"`
	Where    string `json:"where"`
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`
	Double   int    `json:"double"`
	Recovery int64  `json:"recovery_ms"` // the longest time from a fault until everything had ended
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`
}

// recordRecovery keeps the longest recovery.
func (f *faultReport) recordRecovery(d time.Duration) { f.Recovery = max(f.Recovery, d.Milliseconds()) }

var unsafeChars = regexp.MustCompile(`[^a-z0-9]+`)

// write writes the report to the directory that was asked for, and to the log.
func (f *faultReport) write(t testing.TB) {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("fact: %s", b)
	dir := os.Getenv(reportsEnv)
	if dir == "" || t.Failed() {
		return
	}
	name := unsafeChars.ReplaceAllString(strings.ToLower(f.Where+"-"+f.Fault), "-") + ".json"
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Errorf("write fact: %v", err)
	}
}
