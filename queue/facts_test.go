package queue

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// soakEnv asks for the long forms of tests, reportsEnv names a directory for their results.
const (
	soakEnv  = "DARKROOM_SOAK"
	factsEnv = "DARKROOM_FACTS"
)

// soakTimes is how often a long test is tried: once, or this often in a soak.
func soakTimes(n int) int {
	if os.Getenv(soakEnv) == "" {
		return 1
	}
	return n
}

// fact is the result of a test: a line of docs/reliability.md.
type fact struct {
	mu       sync.Mutex
	Fault    string `json:"fault"`
	Where    string `json:"where"`
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`
	Double   int    `json:"double"`
	Recovery int64  `json:"recovery_ms"`
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`
}

func (f *fact) tried(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Tries += n
}

// write stores a fact in that directory, once the test has passed.
func (f *fact) write(t *testing.T, file string) {
	t.Helper()
	dir := os.Getenv(factsEnv)
	if dir == "" || t.Failed() {
		return
	}
	b, err := json.Marshal(f)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "queue-"+strings.ReplaceAll(file, " ", "-")+".json"), b, 0o600)
	}
	if err != nil {
		t.Errorf("write fact: %v", err)
	}
}
