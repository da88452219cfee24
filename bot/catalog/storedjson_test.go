package catalog

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestStoredRates holds the names that the JSON of measured rates has in SQL.
func TestStoredRates(t *testing.T) {
	t.Parallel()
	const stored = `{"models":{"cd":1.5},"post":2.5}`
	value := rates{Models: map[string]float64{"cd": 1.5}, Post: 2.5}
	if got, err := json.Marshal(value); err != nil || string(got) != stored {
		t.Errorf("got %s, %v, want %s", got, err, stored)
	}
	var read rates
	if err := json.Unmarshal([]byte(stored), &read); err != nil || !reflect.DeepEqual(read, value) {
		t.Errorf("read: got %+v, %v, want %+v", read, err, value)
	}
}
