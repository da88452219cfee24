package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// fact is what a test found out about one fault.
type faultReport struct {
	Fault    string `json:"fault"`
	Where    string `json:"where"` // what was exposed to it
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`        // jobs that were promised and never ended in sight of who asked
	Double   int    `json:"double"`      // jobs that were seen twice, or against somebody's will
	Recovery int64  `json:"recovery_ms"` // the longest, until all was well
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`

	at time.Time // when it was found
}

// readReports reads all that was found, by place and fault.
func readReports(dir string) ([]faultReport, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("find facts: %w", err)
	}
	var all []faultReport
	for _, name := range files {
		f, err := readReport(name)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b faultReport) int {
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Fault, b.Fault))
	})
	return all, nil
}

func readReport(name string) (faultReport, error) {
	var f faultReport
	info, err := os.Stat(name)
	if err != nil {
		return f, fmt.Errorf("read fact: %w", err)
	}
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err == nil && (f.Fault == "" || f.Where == "" || f.Tries < 1) {
		err = fmt.Errorf("a fact needs its fault, its place and its tries")
	}
	if err != nil {
		return f, fmt.Errorf("read fact %s: %w", filepath.Base(name), err)
	}
	f.at = info.ModTime().UTC()
	return f, nil
}
