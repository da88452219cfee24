package sim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// report sums up the verdicts of all clusters. The soak program reads it.
type report struct {
	mu       sync.Mutex
	all      faultReport
	byFault  map[string]*faultReport
	clusters int
	prefix   string // of the names of its files
}

// faultReport sums up the clusters that had one fault.
type faultReport struct {
	Fault    string `json:"fault"`
	Where    string `json:"where"`
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`
	Double   int    `json:"double"`
	Recovery int64  `json:"recovery_ms"`
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`
}

// newReport returns the report of clusters of one kind: where they are, as the page on reliability calls it.
func newReport(where, prefix string) *report {
	return &report{
		all:     faultReport{Fault: "all of these together, by acknowledged jobs", Where: where},
		byFault: map[string]*faultReport{},
		prefix:  prefix,
	}
}

// add adds the verdict of one cluster. Its losses count for each fault that the cluster had.
func (f *report) add(v verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clusters++
	f.all.Tries, f.all.Seed = f.all.Tries+v.Jobs, v.Seed
	f.all.Recovery = max(f.all.Recovery, v.Recovery.Milliseconds())
	f.all.count(v)
	for name, tries := range v.Faults {
		one := f.byFault[name]
		if one == nil {
			one = &faultReport{Fault: name, Where: f.all.Where, Seed: v.Seed}
			f.byFault[name] = one
		}
		one.Tries += tries
		one.count(v)
	}
}

func (f *faultReport) count(v verdict) {
	f.Lost, f.Double = f.Lost+len(v.Lost), f.Double+len(v.Double)
	if len(v.Lost)+len(v.Double) > 0 {
		f.Seed = v.Seed
	}
}

// needsMore reports whether more clusters must run: there are too few jobs yet, and nothing was lost or doubled.
func (f *report) needsMore() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	want := longJobs
	if n, err := strconv.Atoi(os.Getenv(jobsEnv)); err == nil {
		want = n
	}
	return f.all.Tries < want && f.all.Lost+f.all.Double == 0
}

func (f *report) write(t *testing.T) {
	t.Helper()
	dir := os.Getenv(factsEnv)
	if dir == "" || f.all.Tries == 0 {
		return
	}
	f.all.Note = fmt.Sprintf(
		"%d clusters; recovery is from the end of the last fault until the last job ended", f.clusters)
	writeReport(t, dir, f.prefix+"all", &f.all)
	for name, one := range f.byFault {
		writeReport(t, dir, f.prefix+strings.Map(fileNameRune, name), one)
	}
}

// fileNameRune replaces the characters of a fault's name that a file name must not have.
func fileNameRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '-'
}

func writeReport(t *testing.T, dir, name string, f *faultReport) {
	t.Helper()
	b, err := json.Marshal(f)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".json"), b, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
