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

// faultReport is the result of a test with one fault.
type faultReport struct {
	Fault    string `json:"fault"`
	Where    string `json:"where"` // the part of the system that had the fault
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`        // accepted jobs that never ended where their owner sees it
	Double   int    `json:"double"`      // jobs whose result appeared twice, or although it was cancelled or deleted
	Recovery int64  `json:"recovery_ms"` // the longest time until everything had ended
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`

	at time.Time // when the test ran
}

// readReports reads all reports, sorted by place and fault.
func readReports(dir string) ([]faultReport, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("find reports: %w", err)
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
		return f, fmt.Errorf("read report: %w", err)
	}
	b, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err == nil && (f.Fault == "" || f.Where == "" || f.Tries < 1) {
		err = fmt.Errorf("a report needs a fault, a place and a number of tries")
	}
	if err != nil {
		return f, fmt.Errorf("read report %s: %w", filepath.Base(name), err)
	}
	f.at = info.ModTime().UTC()
	return f, nil
}
