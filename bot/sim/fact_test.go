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

// finding is what all towns showed together, as the soak program reads it.
type finding struct {
	mu    sync.Mutex
	all   fact
	each  map[string]*fact // by fault
	towns int
}

// fact is what is known of one fault.
type fact struct {
	Fault    string `json:"fault"`
	Where    string `json:"where"`
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`
	Double   int    `json:"double"`
	Recovery int64  `json:"recovery_ms"`
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`
}

const virtual = "virtual time"

func newFinding() *finding {
	return &finding{all: fact{Fault: "all of these together, by promised pictures", Where: virtual}, each: map[string]*fact{}}
}

// add counts a town in. What a town lost is told of each fault that it met.
func (f *finding) add(v verdict) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.towns++
	f.all.Tries, f.all.Seed = f.all.Tries+v.Jobs, v.Seed
	f.all.Recovery = max(f.all.Recovery, v.Calm.Milliseconds())
	f.all.count(v)
	for name, tries := range v.Tried {
		one := f.each[name]
		if one == nil {
			one = &fact{Fault: name, Where: virtual, Seed: v.Seed}
			f.each[name] = one
		}
		one.Tries += tries
		one.count(v)
	}
}

func (f *fact) count(v verdict) {
	f.Lost, f.Double = f.Lost+len(v.Lost), f.Double+len(v.Double)
	if len(v.Lost)+len(v.Double) > 0 {
		f.Seed = v.Seed
	}
}

// wants tells whether more towns are wanted.
func (f *finding) wants() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	want := longJobs
	if n, err := strconv.Atoi(os.Getenv(jobsEnv)); err == nil {
		want = n
	}
	return f.all.Tries < want && f.all.Lost+f.all.Double == 0
}

func (f *finding) write(t *testing.T) {
	t.Helper()
	dir := os.Getenv(factsEnv)
	if dir == "" || f.all.Tries == 0 {
		return
	}
	f.all.Note = fmt.Sprintf("%d towns; recovery is from the end of all trouble until the last picture was delivered", f.towns)
	put(t, dir, "sim-all", &f.all)
	for name, one := range f.each {
		put(t, dir, "sim-"+strings.Map(plain, name), one)
	}
}

// plain makes file names of the names of faults.
func plain(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
		return r
	}
	return '-'
}

func put(t *testing.T, dir, name string, f *fact) {
	t.Helper()
	b, err := json.Marshal(f)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".json"), b, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
