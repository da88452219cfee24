package queue

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// read reads all jobs and their accounts, with commands in bulk and no script: Redis serves others between them.
func (q *Queue) read(ctx context.Context) (s Snapshot, err error) {
	head, err := q.run(ctx, snapshotScript, anyEpoch)
	if err != nil {
		return s, err
	}
	epoch, err := head.number(1)
	if err != nil {
		return s, err
	}
	if s.v, err = head.number(2); err != nil {
		return s, err
	}
	now, err := head.number(3)
	if err != nil {
		return s, err
	}
	s.At = time.UnixMilli(now)
	if s.Paused, err = readPauses(head[4:]); err != nil {
		return s, err
	}
	if s.Jobs, err = q.readJobs(ctx, epoch); err != nil {
		return s, err
	}
	if s.tallies, err = q.readTallies(ctx, epoch, s.Jobs); err != nil {
		return s, err
	}
	later, _, err := q.Epoch(ctx)
	if err == nil && later != epoch { // it was emptied while it was read
		err = ErrEpoch
	}
	return s, err
}

// readJobs reads the jobs that have not ended.
func (q *Queue) readJobs(ctx context.Context, epoch int64) (jobs []Standing, err error) {
	ids, err := q.db.ZRange(ctx, q.opts.jobsKey(epoch), 0, -1).Result()
	if err != nil {
		return nil, err
	}
	due, err := q.db.ZRangeWithScores(ctx, q.opts.delayKey(epoch), 0, -1).Result()
	if err != nil {
		return nil, err
	}
	until := map[string]time.Time{}
	for _, z := range due {
		until[fmt.Sprint(z.Member)] = time.UnixMilli(int64(z.Score))
	}
	err = q.each(ctx, ids, func(id string) string { return q.opts.jobKey(epoch, id) }, func(id string, record map[string]string) error {
		j, err := readStanding(id, record)
		if err == nil && j.State != "" { // else it has ended meanwhile
			j.due = until[id]
			jobs = append(jobs, j)
		}
		return err
	})
	return jobs, err
}

// readTallies reads the accounts of those who have jobs.
func (q *Queue) readTallies(ctx context.Context, epoch int64, jobs []Standing) (map[string]tally, error) {
	records, err := q.db.HGetAll(ctx, q.opts.serversKey(epoch)).Result()
	if err != nil {
		return nil, err
	}
	servers := map[string]tally{}
	for name, record := range records {
		t, err := readTally(record)
		if err != nil {
			return nil, err
		}
		t.users = map[string]tally{}
		servers[unescape(name)] = t
	}
	busy := map[string]bool{}
	for _, j := range jobs {
		busy[j.Server] = true
	}
	names := slices.Collect(maps.Keys(busy))
	err = q.each(ctx, names, func(s string) string { return q.opts.usersKey(epoch, s) }, func(s string, users map[string]string) error {
		for name, record := range users {
			t, err := readTally(record)
			if err != nil {
				return err
			}
			if server, ok := servers[s]; ok {
				server.users[unescape(name)] = t
			}
		}
		return nil
	})
	return servers, err
}

// each reads a hash for each name, many at a time.
func (q *Queue) each(ctx context.Context, names []string, key func(string) string, what func(string, map[string]string) error) error {
	for part := range slices.Chunk(names, q.bulk) {
		p := q.db.Pipeline()
		replies := make([]*redis.MapStringStringCmd, len(part))
		for i, name := range part {
			replies[i] = p.HGetAll(ctx, key(name))
		}
		if _, err := p.Exec(ctx); err != nil {
			return err
		}
		for i, name := range part {
			if err := what(name, replies[i].Val()); err != nil {
				return err
			}
		}
	}
	return nil
}

// readTally reads an account's record; lua/line.lua says what stands in it.
func readTally(record string) (t tally, err error) {
	n := numbers{fields: strings.Fields(record)}
	return tally{v: n.at(0), at: n.at(1), max: int(n.at(4))}, n.err
}

// states names those of lua/moves.lua for people. An ended job has none.
var states = map[string]string{"W": "waiting", "D": "delayed", "L": "painting", "S": "posting"}

func readStanding(id string, r map[string]string) (Standing, error) {
	n := numbers{fields: []string{r["cost"], r["seq"], r["percent"], r["size"], r["sweight"], r["weight"], r["since"], r["at"]}}
	if states[r["state"]] == "" {
		return Standing{}, nil
	}
	j := Standing{
		ID: id, State: states[r["state"]], Lane: unescape(r["lane"]), Server: unescape(r["server"]), User: unescape(r["user"]),
		Cancelled: r["cancel"] != "", batch: r["batch"],
		Cost: n.at(0), seq: n.at(1), Percent: int(n.at(2)), size: int(n.at(3)), serverWeight: int(n.at(4)), weight: int(n.at(5)),
		Enqueued: time.UnixMilli(n.at(7)),
	}
	if j.held() {
		j.Slot, j.Since = r["slot"], time.UnixMilli(n.at(6))
	}
	return j, n.err
}

// numbers reads numbers out of a record and keeps the first error.
type numbers struct {
	fields []string
	err    error
}

func (n *numbers) at(i int) int64 {
	if i >= len(n.fields) {
		return 0
	}
	x, err := strconv.ParseInt(n.fields[i], 10, 64)
	if err != nil && n.err == nil {
		n.err = fmt.Errorf("read record: word %d: %w", i, err)
	}
	return x
}
