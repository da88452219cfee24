package phrase

import "testing"

func TestNumber(t *testing.T) {
	for want, n := range map[string]Number{
		"0": Integer(0), "999": Integer(999), "1,000": Integer(1000), "16,777,216": Integer(1 << 24), "-999": Integer(-999),
		"-1,000": Integer(-1000), "25.3": Decimal(25.31, 1), "-1,234.50": Decimal(-1234.5, 2),
	} {
		if got := n.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
