package interaction

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/store"
)

func TestExportFits(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	p := store.Person{OlderJobs: 3}
	for i := range 200 {
		noise := make([]byte, 100)
		for j := range noise {
			noise[j] = byte('a' + rng.IntN(26))
		}
		p.Jobs = append(
			p.Jobs,
			store.Job{
				ID: fmt.Sprint(i), Spec: json.RawMessage(`{"prompt":"` + string(noise) + `"}`),
				Address: json.RawMessage(`{"token":"hush"}`),
			},
		)
	}
	d := newExport("u", time.Unix(0, 0), p)
	for most, want := range map[int64]struct {
		name string
		jobs int
	}{
		1 << 20: {"darkroom-data.json", 200}, 32 << 10: {"darkroom-data.json.gz", 200},
		12 << 10: {"darkroom-data.json.gz", 100},
	} {
		f, err := exportFile(d, most)
		if err != nil {
			t.Fatal(err)
		}
		got := unpack(t, f)
		if int64(len(f.Data)) > most || f.Name != want.name || len(got.Jobs) != want.jobs ||
			got.OmittedJobs != 203-want.jobs {
			t.Errorf("at most %d bytes: got %s of %d bytes with %d jobs and %d left out, want %s with %d jobs",
				most, f.Name, len(f.Data), len(got.Jobs), got.OmittedJobs, want.name, want.jobs)
		}
	}
	if f, err := exportFile(d, 10); err != nil || len(unpack(t, f).Jobs) != 0 {
		t.Errorf("no room at all: got %v, want what is left without jobs", err)
	}
}

// TestExportHoldsAll: each list of a person's data comes into the export.
func TestExportHoldsAll(t *testing.T) {
	t.Parallel()
	p := store.Person{
		Jobs: []store.Job{{ID: "a-job"}}, Presets: []store.Preset{{Name: "a-preset", Body: json.RawMessage("{}")}},
		Preferences: store.PreferenceRow{Body: json.RawMessage(`{"suffix":"a-suffix"}`)},
		Totals:      []store.DailyTotals{{Server: "a-total"}}, AuditRecords: []store.AuditRecord{{Action: "an-act"}},
		Questions: []store.Question{{Body: json.RawMessage(`"a-question"`)}}, Posts: []store.Post{{Message: "a-post"}},
		Deliveries: []store.Delivery{{Message: "a-delivery"}}, OlderJobs: 7,
	}
	all := reflect.ValueOf(p)
	for i := range all.NumField() {
		if all.Field(i).IsZero() {
			t.Errorf("%s is not tried", all.Type().Field(i).Name)
		}
	}
	p.Jobs[0].Spec = json.RawMessage("{}")
	f, err := exportFile(newExport("u", time.Unix(0, 0), p), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"a-job", "a-preset", "a-suffix", "a-total", "an-act", "a-question", "a-post", "a-delivery",
		`"older_jobs_left_out": 7`,
	} {
		if !bytes.Contains(f.Data, []byte(want)) {
			t.Errorf("%s is missing in %s", want, f.Data)
		}
	}
}

func unpack(t *testing.T, f message.File) (d exportedData) {
	t.Helper()
	text := f.Data
	if strings.HasSuffix(f.Name, ".gz") {
		r, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if text, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(string(text), "hush") {
		t.Error("the export holds a token")
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}
