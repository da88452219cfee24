package message

import (
	"os"
	"strings"
	"testing"
)

// TestCrashReason holds the sentence that the queue writes to the one that is in the catalogues.
func TestCrashReason(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("../../queue/lua/states.lua")
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(crashReason(3).String(), "3")
	if want := "'" + before + "' .. crashes .. '" + after + "'"; !strings.Contains(string(script), want) {
		t.Errorf("queue/lua/states.lua has no %s", want)
	}
}
