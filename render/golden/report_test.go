//go:build cgo

package golden_test

import (
	_ "embed"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
)

const reportPath = "../../docs/fidelity.md"

//go:embed testdata/page.md
var reportPreface string

// The tolerances: how far anything may be off, relative to the largest value. The report names these numbers.
const (
	maxRunError     = 1e-3
	maxFloat16Error = 2e-2 // with every value in float16
	maxInitError    = 5e-5
	maxA1111Error   = 1e-4
	maxGreyError    = 4e-3 // of an inpainting model without a mask: see a1111Record.tolerance
	maxTextError    = 5e-5

	maxNetworkError    = 5e-5 // of a checkpoint: each network, and what prompts become
	maxCheckpointError = 1e-4 // of a checkpoint's finished latents
)

// reportHead is the page up to its tables.
func reportHead() string {
	say := func(pass float64) string { return fmt.Sprintf("%.0e", pass) }
	return strings.NewReplacer(
		"{walk}", say(maxRunError), "{narrow}", say(maxFloat16Error), "{start}", say(maxInitError), "{text}",
		say(maxTextError), "{a1111}", say(maxA1111Error), "{grey}", say(maxGreyError),
		"{network}", say(maxNetworkError), "{checkpoint}", say(maxCheckpointError),
	).Replace(
		reportPreface,
	)
}

// reportTables is how the tables of the page begin.
const reportTables = "\n## The dialect "

// TestReportHead checks that the page says what the tests demand, and with -update writes that: go test ./render/golden
// -update -run TestReportHead leaves the tables as they are. It runs before those tests that are parallel, which may
// write the whole page.
func TestReportHead(t *testing.T) {
	page, err := os.ReadFile(reportPath)
	if err != nil {
		t.Fatal(err)
	}
	head, tables, found := strings.Cut(string(page), reportTables)
	switch {
	case !found:
		t.Errorf("%s has no tables; run go test ./render/golden -update", reportPath)
	case *update:
		if err := os.WriteFile(reportPath, []byte(reportHead()+reportTables+tables), 0o644); err != nil {
			t.Fatal(err)
		}
	case head != reportHead():
		t.Errorf("%s does not begin as testdata/page.md does; run go test ./render/golden -update", reportPath)
	}
}

// tally gathers how far everything is off.
type tally struct {
	mu  sync.Mutex
	all map[key]*totals
}

type key struct {
	sampler, model string
	dialect        picture.Dialect
	float16        bool // with every value in float16: reported in a total only
}

// totals is what was found of one sampler around one model.
type totals struct {
	runs                 int
	latents              float64 // the largest difference, relative
	pixels, overOneLevel int     // values compared, and those more than a level off
}

func (t *tally) add(k key, latents float64, pixels, overOneLevel int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[k] == nil {
		t.all[k] = &totals{}
	}
	s := t.all[k]
	s.runs++
	s.latents = max(s.latents, latents)
	s.pixels += pixels
	s.overOneLevel += overOneLevel
}

// report writes what was found: a table for each dialect, a row for each sampler.
func (t *tally) report() string {
	var b strings.Builder
	b.WriteString(reportHead())
	for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		fmt.Fprintf(&b, reportTables+"%s\n\n", d)
		models := t.names(d, func(k key) string { return k.model })
		fmt.Fprintf(&b, "| sampler | %s |\n|%s\n", strings.Join(models, " | "), strings.Repeat(" --- |", len(models)+1))
		for _, s := range t.names(d, func(k key) string { return k.sampler }) {
			fmt.Fprintf(&b, "| %s |", s)
			for _, m := range models {
				fmt.Fprintf(&b, " %s |", t.cell(key{sampler: s, model: m, dialect: d}))
			}
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "\n%s\n", t.total(d))
	}
	return b.String()
}

// names lists the samplers or models of a dialect, sorted.
func (t *tally) names(d picture.Dialect, of func(key) string) []string {
	names := map[string]bool{}
	for k := range t.all {
		if k.dialect == d && !k.float16 {
			names[of(k)] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func (t *tally) cell(k key) string {
	if s := t.all[k]; s != nil {
		return fmt.Sprintf("%.0e", s.latents)
	}
	return ""
}

// total sums a dialect up.
func (t *tally) total(d picture.Dialect) string {
	var whole, half, float16 totals
	for k, s := range t.all {
		into := &whole
		switch {
		case k.dialect != d:
			continue
		case k.float16:
			into = &float16
		case strings.HasSuffix(k.model, goldentest.Float16("")):
			into = &half
		}
		into.add(*s)
	}
	say := func(s totals) string {
		return fmt.Sprintf(
			"%d runs, latents off by at most %.1e, and of %d values of their pictures %d more than one level of 255 away "+
				"(%.3f %%)",
			s.runs, s.latents, s.pixels, s.overOneLevel, 100*float64(s.overOneLevel)/float64(s.pixels),
		)
	}
	out := "In float32: " + say(whole) + "."
	if half.runs > 0 {
		out += "\nOf folders in float16: " + say(half) + "."
		out += "\nOf the same with every value in float16, as on a graphics card: " + say(float16) + "."
	}
	return out
}

func (s *totals) add(more totals) {
	s.runs += more.runs
	s.latents = max(s.latents, more.latents)
	s.pixels += more.pixels
	s.overOneLevel += more.overOneLevel
}

// checkPictures checks the images of a model in total: at least 99.9 % of the values within a level.
func checkPictures(t *testing.T, found *tally) {
	t.Helper()
	models := map[key]*totals{}
	for k, s := range found.all {
		if k.float16 {
			continue // where only the latents are checked
		}
		k.sampler = ""
		if models[k] == nil {
			models[k] = &totals{}
		}
		models[k].add(*s)
	}
	for k, s := range models {
		if s.overOneLevel*1000 > s.pixels {
			t.Errorf(
				"%s in %s: %d of %d values are more than a level away, want at most 0.1 %%", k.model, k.dialect, s.overOneLevel,
				s.pixels,
			)
		}
	}
}

// checkReport writes docs/fidelity.md, or checks that it lists what was found.
func checkReport(t *testing.T, found *tally) {
	t.Helper()
	checkPictures(t, found)
	if *update {
		if err := os.WriteFile(reportPath, []byte(found.report()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(reportPath)
	if err != nil {
		t.Fatal(err)
	}
	listed := parseReport(string(data))
	for k := range found.all {
		if !k.float16 && !listed[k] {
			t.Errorf("%s is stale: it does not list %v; run go test ./render/golden -update", reportPath, k)
		}
	}
	for k := range listed {
		if found.all[k] == nil {
			t.Errorf("%s is stale: it lists %v; run go test ./render/golden -update", reportPath, k)
		}
	}
}

// parseReport reads the tables of a page.
func parseReport(page string) map[key]bool {
	listed := map[key]bool{}
	var dialect picture.Dialect
	var models []string
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "## The dialect "); ok {
			dialect, models = picture.Dialect(name), nil
		}
		cells := strings.Split(strings.Trim(line, "|"), " | ")
		switch {
		case dialect == "" || !strings.HasPrefix(line, "| "):
		case models == nil:
			models = cells[1:]
		case !strings.HasPrefix(line, "| ---"):
			for i, cell := range strings.Split(line, "|")[2 : 2+len(models)] {
				if strings.TrimSpace(cell) != "" {
					listed[key{sampler: strings.TrimSpace(cells[0]), model: strings.TrimSpace(models[i]), dialect: dialect}] = true
				}
			}
		}
	}
	return listed
}
