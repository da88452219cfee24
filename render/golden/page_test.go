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

	"darkroom/render/picture"
)

const pagePath = "../../docs/fidelity.md"

//go:embed testdata/page.md
var preface string

// tally gathers how far everything is off.
type tally struct {
	mu  sync.Mutex
	all map[key]*sum
}

type key struct {
	sampler, model string
	dialect        picture.Dialect
}

// sum is what was found of one sampler around one model.
type sum struct {
	walks        int
	latents      float64 // the largest difference, relative
	pixels, away int     // values compared, and those more than a level off
}

func (t *tally) add(k key, latents float64, pixels, away int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[k] == nil {
		t.all[k] = &sum{}
	}
	s := t.all[k]
	s.walks++
	s.latents = max(s.latents, latents)
	s.pixels += pixels
	s.away += away
}

// page writes what was found: a table for each dialect, a row for each sampler.
func (t *tally) page() string {
	var b strings.Builder
	b.WriteString(preface)
	for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		fmt.Fprintf(&b, "\n## The dialect %s\n\n", d)
		models := t.names(d, func(k key) string { return k.model })
		fmt.Fprintf(&b, "| sampler | %s |\n|%s\n", strings.Join(models, " | "), strings.Repeat(" --- |", len(models)+1))
		for _, s := range t.names(d, func(k key) string { return k.sampler }) {
			fmt.Fprintf(&b, "| %s |", s)
			for _, m := range models {
				fmt.Fprintf(&b, " %s |", t.cell(key{s, m, d}))
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
		if k.dialect == d {
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
	var whole, half sum
	for k, s := range t.all {
		into := &whole
		if strings.HasSuffix(k.model, "-fp16") {
			into = &half
		}
		if k.dialect == d {
			into.walks += s.walks
			into.latents = max(into.latents, s.latents)
			into.pixels += s.pixels
			into.away += s.away
		}
	}
	say := func(s sum) string {
		return fmt.Sprintf("%d walks, latents off by at most %.1e, and of %d values of their pictures %d more than one level of 255 away (%.3f %%)",
			s.walks, s.latents, s.pixels, s.away, 100*float64(s.away)/float64(s.pixels))
	}
	out := "In float32: " + say(whole) + "."
	if half.walks > 0 {
		out += "\nIn float16: " + say(half) + "."
	}
	return out
}

// checkPage writes docs/fidelity.md, or sees that it lists what was found. Pictures are judged in their sum: at least
// 99.9 % of the values within a level.
func checkPage(t *testing.T, found *tally) {
	t.Helper()
	for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		var all sum
		for k, s := range found.all {
			if k.dialect == d && !strings.HasSuffix(k.model, "-fp16") {
				all.pixels += s.pixels
				all.away += s.away
			}
		}
		if all.away*1000 > all.pixels {
			t.Errorf("%s: %d of %d values are more than a level away, want at most 0.1 %%", d, all.away, all.pixels)
		}
	}
	if *update {
		if err := os.WriteFile(pagePath, []byte(found.page()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	listed := listedIn(string(data))
	for k := range found.all {
		if !listed[k] {
			t.Errorf("%s is stale: it does not list %v; run go test ./render/golden -update", pagePath, k)
		}
	}
	for k := range listed {
		if found.all[k] == nil {
			t.Errorf("%s is stale: it lists %v; run go test ./render/golden -update", pagePath, k)
		}
	}
}

// listedIn reads the tables of a page.
func listedIn(page string) map[key]bool {
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
					listed[key{strings.TrimSpace(cells[0]), strings.TrimSpace(models[i]), dialect}] = true
				}
			}
		}
	}
	return listed
}
