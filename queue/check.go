package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The oldest server version that has the commands of the scripts.
const oldestMajor, oldestMinor = 6, 2

// spareMemory is the memory that jobs, accounts and events need beside images: 10,000 jobs of 4 KiB, and as much again.
const spareMemory = 80 << 20

// Check examines the server. Its error joins all that makes the server unusable; the warnings say what an operator
// should change. An embedded queue has nothing to check.
func (q *Queue) Check(ctx context.Context) (warnings []string, err error) {
	if err := q.Ping(ctx); err != nil {
		return nil, fmt.Errorf("redis does not answer: %w", err)
	}
	facts := map[string]string{}
	for _, section := range []string{"server", "memory", "persistence"} {
		text, err := q.db.Info(ctx, section).Result()
		if err != nil {
			return nil, nil // it does not tell (an embedded one, or no permission): no known fault
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				facts[name] = value
			}
		}
	}
	if save, err := q.db.ConfigGet(ctx, "save").Result(); err == nil { // a hosted server may not allow it
		facts["save"] = save["save"]
	} else {
		facts["save"] = "unknown"
	}
	memory, persistence := q.warnMemory(facts["maxmemory"]), warnPersistence(facts["aof_enabled"], facts["save"])
	for _, warning := range []string{memory, persistence} {
		if warning != "" {
			warnings = append(warnings, warning)
		}
	}
	return warnings, errors.Join(checkVersion(facts["redis_version"]), checkEviction(facts["maxmemory_policy"]))
}

func checkVersion(version string) error {
	var major, minor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return nil // another server that names no version: the scripts will fail if it is too old
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
	return fmt.Errorf("redis may delete jobs when its memory is full (maxmemory-policy %s): "+
		"set it with: redis-cli CONFIG SET maxmemory-policy noeviction", policy)
}

// warnMemory warns of a limit that full undelivered results and input images would reach.
func (q *Queue) warnMemory(limit string) string {
	most, err := strconv.ParseInt(limit, 10, 64)
	need := q.opts.MaxInputs + q.opts.UndeliveredBytes + spareMemory
	if err != nil || most == 0 || most >= need {
		return ""
	}
	return fmt.Sprintf("redis may use %d MiB (maxmemory), but a busy pool can need %d MiB: a full redis refuses new jobs",
		most>>20, need>>20)
}

// warnPersistence warns of a server that writes nothing to disk. The queue itself does not need it.
func warnPersistence(aof, save string) string {
	if aof != "0" || save != "" {
		return ""
	}
	return "redis keeps nothing on disk: after a restart the queue is filled again from the database, but undelivered " +
		"results are lost and generated again (redis-cli CONFIG SET appendonly yes)"
}
