package store_test

import (
	"testing"
	"time"

	"darkroom/store"
)

func testClaims(t *testing.T, s *store.Store, c *clock) {
	claim := func(name, holder string) bool {
		t.Helper()
		got, err := s.Claim(t.Context(), name, holder, time.Minute)
		noError(t, "claim", err)
		return got
	}
	if !claim("x", "a") || claim("x", "b") || !claim("y", "b") || !claim("x", "a") {
		t.Error("want x for a, twice, and y for b")
	}
	c.advance(61 * time.Second)
	if !claim("x", "b") || claim("x", "a") {
		t.Error("want x for b once the claim of a has expired")
	}
	noError(t, "prune", s.PruneClaims(t.Context()))
	if claim("x", "a") || !claim("y", "a") {
		t.Error("want the claim in force to stay and the expired one gone")
	}
}
