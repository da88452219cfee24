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

// readSnapshot reads all jobs and their accounts. It sends commands in pipelines, no script: Redis serves others
// between them.
//
// One script that read ten thousand jobs blocked Redis for 2.7 s on two busy cores, and every lease, heartbeat and seal
// with it.
func (q *Queue) readSnapshot(ctx context.Context) (s Snapshot, err error) {
	head, err := q.run(ctx, snapshotScript, anyEpoch)
	if err != nil {
		return s, err
	}
	epoch, err := head.number(1)
	if err != nil {
		return s, err
	}
	if s.virtualTime, err = head.number(2); err != nil {
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
	if err = q.readNeeds(ctx, epoch, s.Jobs); err != nil {
		return s, err
	}
	if s.accounts, err = q.readAccounts(ctx, epoch, s.Jobs); err != nil {
		return s, err
	}
	later, _, err := q.Epoch(ctx)
	if err == nil && later != epoch { // a new epoch began meanwhile
		err = ErrEpoch
	}
	return s, err
}

// readJobs reads the jobs that have not ended.
func (q *Queue) readJobs(ctx context.Context, epoch int64) (jobs []JobStatus, err error) {
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
	key := func(id string) string { return q.opts.jobKey(epoch, id) }
	err = q.readHashes(ctx, ids, key, func(id string, record map[string]string) error {
		j, err := parseJobStatus(id, record)
		if err == nil && j.State != "" { // else it has ended meanwhile
			j.due = until[id]
			jobs = append(jobs, j)
		}
		return err
	})
	return jobs, err
}

// readNeeds reads what jobs need beside their model.
func (q *Queue) readNeeds(ctx context.Context, epoch int64, jobs []JobStatus) error {
	lanes, err := q.db.HGetAll(ctx, q.opts.needsKey(epoch)).Result()
	if err != nil || len(lanes) == 0 {
		return err
	}
	needs := map[string][]string{}
	for lane, record := range lanes {
		_, hashes, _ := strings.Cut(record, " ")
		needs[unescape(lane)] = strings.Split(hashes, ",")
	}
	for i := range jobs {
		jobs[i].Needs = needs[jobs[i].Lane]
	}
	return nil
}

// readAccounts reads the accounts of those who have jobs.
func (q *Queue) readAccounts(ctx context.Context, epoch int64, jobs []JobStatus) (map[string]accountRecord, error) {
	records, err := q.db.HGetAll(ctx, q.opts.serversKey(epoch)).Result()
	if err != nil {
		return nil, err
	}
	servers := map[string]accountRecord{}
	for name, record := range records {
		t, err := parseAccount(record)
		if err != nil {
			return nil, err
		}
		t.users = map[string]accountRecord{}
		servers[unescape(name)] = t
	}
	busy := map[string]bool{}
	for _, j := range jobs {
		busy[j.Server] = true
	}
	names := slices.Collect(maps.Keys(busy))
	key := func(s string) string { return q.opts.usersKey(epoch, s) }
	err = q.readHashes(ctx, names, key, func(s string, users map[string]string) error {
		for name, record := range users {
			t, err := parseAccount(record)
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

// readHashes reads a hash for each name, many at a time.
func (q *Queue) readHashes(
	ctx context.Context, names []string, key func(string) string, handle func(string, map[string]string) error,
) error {
	for part := range slices.Chunk(names, q.maxPipeline) {
		p := q.db.Pipeline()
		replies := make([]*redis.MapStringStringCmd, len(part))
		for i, name := range part {
			replies[i] = p.HGetAll(ctx, key(name))
		}
		if _, err := p.Exec(ctx); err != nil {
			return err
		}
		for i, name := range part {
			if err := handle(name, replies[i].Val()); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseAccount reads the record of an account; see lua/prelude.lua.
func parseAccount(record string) (t accountRecord, err error) {
	n := numbers{fields: strings.Fields(record)}
	return accountRecord{startTag: n.at(0), virtualTime: n.at(1), maxRunning: int(n.at(4))}, n.err
}

// stateNames has the names of the states of lua/states.lua. An ended job has none.
var stateNames = map[string]string{"W": StateWaiting, "D": StateDelayed, "L": StateRendering, "S": StatePosting}

func parseJobStatus(id string, r map[string]string) (JobStatus, error) {
	n := numbers{fields: []string{
		r["cost"], r["seq"], r["percent"], r["size"], r["serverweight"], r["weight"], r["since"],
	}}
	if stateNames[r["state"]] == "" {
		return JobStatus{}, nil
	}
	j := JobStatus{
		ID: id, State: stateNames[r["state"]],
		Lane: unescape(r["lane"]), Server: unescape(r["server"]), User: unescape(r["user"]),
		Cancelled: r["cancelledby"] != "", batchKey: r["batch"],
		Cost: n.at(0), seq: n.at(1), Percent: int(n.at(2)), size: int(n.at(3)),
		serverWeight: int(n.at(4)), weight: int(n.at(5)),
	}
	if j.leased() {
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
