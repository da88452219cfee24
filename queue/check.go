package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The oldest server whose commands the scripts use.
const oldestMajor, oldestMinor = 6, 2

// spare is the memory that jobs, accounts and events need besides pictures: 10,000 jobs of 4 KiB, and as much again.
const spareMemory = 80 << 20

// Check looks at the server and says in plain words what keeps it from being used, joined, or nil; and what a wise operator
// would change. An embedded queue has nothing to check.
func (q *Queue) Check(ctx context.Context) (warnings []string, err error) {
	if err := q.Ping(ctx); err != nil {
		return nil, fmt.Errorf("redis does not answer: %w", err)
	}
	facts := map[string]string{}
	for _, section := range []string{"server", "memory", "persistence"} {
		text, err := q.db.Info(ctx, section).Result()
		if err != nil {
			return nil, nil // it tells nothing of itself (an embedded one, or not allowed): nothing known to be wrong
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				facts[name] = value
			}
		}
	}
	if save, err := q.db.ConfigGet(ctx, "save").Result(); err == nil { // a hosted one may not allow it
		facts["save"] = save["save"]
	} else {
		facts["save"] = "unknown"
	}
	for _, warning := range []string{q.warnMemory(facts["maxmemory"]), warnPersistence(facts["aof_enabled"], facts["save"])} {
		if warning != "" {
			warnings = append(warnings, warning)
		}
	}
	return warnings, errors.Join(checkVersion(facts["redis_version"]), checkEviction(facts["maxmemory_policy"]))
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

// warnMemory tells of a limit that a full tray and full input pictures would meet.
func (q *Queue) warnMemory(limit string) string {
	most, err := strconv.ParseInt(limit, 10, 64)
	need := q.opts.MaxInputs + q.opts.UndeliveredBytes + spareMemory
	if err != nil || most == 0 || most >= need {
		return ""
	}
	return fmt.Sprintf("redis may use %d MiB (maxmemory), and a busy pool can need %d: new jobs are refused when it is full",
		most>>20, need>>20)
}

// warnPersistence tells of a server that writes nothing to disk. The line itself does not need it.
func warnPersistence(aof, save string) string {
	if aof != "0" || save != "" {
		return ""
	}
	return "redis keeps nothing on disk: after a restart the line is filled again from the database, but late pictures " +
		"that wait for delivery are lost and painted again (redis-cli CONFIG SET appendonly yes)"
}
