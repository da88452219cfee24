package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The oldest server whose commands the scripts use.
const oldestMajor, oldestMinor = 6, 2

// Check says in plain words what is wrong with the server, joined, or nil. An embedded queue has nothing to check.
func (q *Queue) Check(ctx context.Context) error {
	if err := q.Ping(ctx); err != nil {
		return fmt.Errorf("redis does not answer: %w", err)
	}
	facts := map[string]string{}
	for _, section := range []string{"server", "memory"} {
		text, err := q.db.Info(ctx, section).Result()
		if err != nil {
			return nil // it tells nothing of itself (an embedded one, or not allowed): nothing known to be wrong
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				facts[name] = value
			}
		}
	}
	return errors.Join(checkVersion(facts["redis_version"]), checkEviction(facts["maxmemory_policy"]))
}

func checkVersion(version string) error {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return nil // a relative that names no version: the scripts will tell
	}
	if major > oldestMajor || major == oldestMajor && minor >= oldestMinor {
		return nil
	}
	return fmt.Errorf("redis %s is too old: darkroom needs %d.%d or newer (or Valkey)", version, oldestMajor, oldestMinor)
}

func checkEviction(policy string) error {
	if policy == "" || policy == "noeviction" {
		return nil
	}
	return fmt.Errorf("redis may throw away jobs when memory is short (maxmemory-policy %s): "+
		"set it with: redis-cli CONFIG SET maxmemory-policy noeviction", policy)
}
