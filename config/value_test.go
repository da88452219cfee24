package config

import "testing"

func TestBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Bytes{
		"8GiB": 8 << 30, "8 GB": 8 << 30, "6.5g": 13 << 29, "512MiB": 512 << 20, "1048576": 1 << 20, "2T": 2 << 40, "7b": 7,
	} {
		var got, again Bytes
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%s: written and read again: got %d, %v", text, again, err)
		}
	}
	for _, text := range []string{"", "much", "-1GiB", "0", "GiB", "1e30", "NaN", "inf", "0.1b"} {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d, want a refusal", text, got)
		}
	}
	if got := Bytes(0).String(); got != "" {
		t.Errorf("none: got %q, want nothing", got)
	}
}
