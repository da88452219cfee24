package main

import (
	"runtime/debug"
	"testing"
)

func TestVersion(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef01234567"
	stamped := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs.revision", Value: id}, {Key: "vcs.time", Value: "2026-11-29T07:16:59Z"},
			{Key: "vcs.modified", Value: modified},
		}
	}
	const unknown = "dev (built without git, so the commit is not known)"
	devel := debug.Module{Version: "(devel)"}
	for name, c := range map[string]struct {
		info        *debug.BuildInfo
		commit      string
		short, long string
	}{
		"a clone": {
			&debug.BuildInfo{Main: devel, Settings: stamped("false")}, "", "0123456789ab", "0123456789ab of 2026-11-29",
		},
		"a clone that was changed": {
			&debug.BuildInfo{Main: devel, Settings: stamped("true")}, "", "0123456789ab",
			"0123456789ab of 2026-11-29 with changes",
		},
		"a worktree, by make": {&debug.BuildInfo{Main: devel}, "fedcba987654", "fedcba987654", "fedcba987654"},
		"a released module":   {&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "", "v1.2.3", "v1.2.3"},
		"files without git":   {&debug.BuildInfo{Main: devel}, "", "dev", unknown},
		"nothing is known":    {nil, "", "dev", unknown},
	} {
		if got := shortVersion(c.info, c.commit); got != c.short {
			t.Errorf("%s: got %q, want %q", name, got, c.short)
		}
		if got := build(c.info, c.commit); got != c.long {
			t.Errorf("%s: got %q, want %q", name, got, c.long)
		}
	}
}
