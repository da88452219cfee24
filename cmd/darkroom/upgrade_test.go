//go:build cgo && unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/store/postgrestest"
)

// oldCommit is the last version whose keys in Redis have the prefix "dr:"; see queue/retire.go.
const oldCommit = "2eb52a3"

// oldRefusal is in the log of an old process that a newer version has stopped.
const oldRefusal = "a newer darkroom has taken over this Redis"

// oldSources unpacks the sources of the old version and returns their folder.
func oldSources(t testing.TB) string {
	t.Helper()
	dir, archive := t.TempDir(), filepath.Join(t.TempDir(), "old.tar")
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := runCommand(t, root, "git", "cat-file", "-e", oldCommit+"^{commit}"); err != nil {
		t.Skipf("the history of this clone does not reach back to commit %s: %v", oldCommit, err)
	}
	for _, step := range [][]string{
		{"git", "archive", "--format=tar", "-o", archive, oldCommit}, {"tar", "-xf", archive, "-C", dir},
	} {
		if err := runCommand(t, root, step...); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// buildOldVersion builds the test binary of the old version, which behaves as that program; see TestMain.
func buildOldVersion(t *testing.T) string {
	t.Helper()
	sources, binary := oldSources(t), filepath.Join(t.TempDir(), "old.test")
	if err := runCommand(t, sources, "go", "test", "-c", "-o", binary, "./cmd/darkroom"); err != nil {
		t.Fatal(err)
	}
	return binary
}

// runCommand runs a command in a folder. Its output is in the error.
func runCommand(t testing.TB, in string, args ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Dir = in
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%v: %w: %s", args, err, out)
	}
	return nil
}

// upgradeTest is a pool of the old version that is upgraded while people use it.
type upgradeTest struct {
	*requests
	rng      *rand.Rand
	oldBot   *process
	old      []*process // renderers
	database string
	binary   string // of the old version
}

// startOld starts a process of the old version, with the flags of that version.
func (u *upgradeTest) startOld(name string, args ...string) *process {
	u.t.Helper()
	args = append(args, "--discord-api", u.API(), "--hang", "2m", "--grace", "5s", "--lease", "1500ms", "--beat", "300ms",
		"--redis-url", "redis://"+u.redis.address()+"/0")
	return u.startCommand(name, exec.Command(u.binary, args...), "brush")
}

// startNewBot starts a bot of this version, also while an old one is online.
func (u *upgradeTest) startNewBot() *process {
	return u.start("new bot", "bot", "--data", u.data, "--database-url", u.database)
}

// upgradeCases say what happens to the old processes, in the order of the calls: stopOld at the upgrade, and killOld
// while the new processes work.
var upgradeCases = map[string]struct{ stopOld, killOld func(*upgradeTest) }{ //nolint:gochecknoglobals // a constant
	"all are left running":  {func(*upgradeTest) {}, func(*upgradeTest) {}},
	"the bot is killed":     {func(u *upgradeTest) { u.oldBot.kill() }, func(*upgradeTest) {}},
	"renderers are killed":  {func(*upgradeTest) {}, func(u *upgradeTest) { u.old[0].kill(); u.old[1].kill() }},
	"one of each is killed": {func(u *upgradeTest) { u.old[0].kill() }, func(u *upgradeTest) { u.oldBot.kill() }},
	"in the documented order": {func(u *upgradeTest) {
		for _, p := range append([]*process{u.oldBot}, u.old...) {
			p.signal(syscall.SIGTERM)
			<-p.done
		}
	}, func(*upgradeTest) {}},
}

// TestUpgradeWhileRunning starts processes of this version on the Redis and the database that processes of the old
// version are using. Every job ends once, and no old process goes on.
func TestUpgradeWhileRunning(t *testing.T) {
	if !soaking() {
		t.Skip("it builds the old version and takes minutes: make soak runs it")
	}
	t.Parallel()
	binary, server, s := buildOldVersion(t), postgrestest.Start(t), seed(t)
	for name, c := range upgradeCases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := faultReport{
				Fault: "an upgrade from " + oldCommit + " under load; old processes: " + name,
				Where: "separate processes of two versions", Seed: s,
			}
			for try := range 10 {
				u := &upgradeTest{rng: rand.New(rand.NewPCG(s, uint64(try))), database: server.Database(t), binary: binary}
				u.requests = newRequests(newCluster(t, clusterOptions{}), 12)
				began := u.run(c.stopOld, c.killOld)
				f.add(u.judge())
				f.recordRecovery(time.Since(began))
				f.Tries++
				u.wantOldStopped()
				if t.Failed() {
					t.Fatalf("failed at try %d, seed %d", try, s)
				}
				u.endAll()
			}
			f.write(t)
		})
	}
}

// run upgrades the pool. It returns when the new bot was started.
func (u *upgradeTest) run(stopOld, killOld func(*upgradeTest)) time.Time {
	u.oldBot = u.startOld("old bot", "bot", "--data", u.data, "--database-url", u.database)
	for i := range 2 {
		u.old = append(
			u.old, u.startOld(fmt.Sprint("old renderer ", i), "renderer", "--threads", "1", "--slot", fmt.Sprint("old", i)),
		)
	}
	u.waitOnline()
	u.until("an old renderer renders", func() bool {
		w := u.submit(u.idlePerson(), "a red boat", quickSteps)
		u.until("the request has ended", func() bool { return u.endOf(w, u.allResults()) != unfinished })
		return u.endOf(w, u.allResults()) == shown
	})
	u.live(8)
	// Some results cannot be posted now, and lie in Redis at the moment of the upgrade.
	end := u.Fail(sandbox.Fault{Path: answerPath, Times: 2, Status: 401, Code: 50027})
	u.t.Cleanup(end)
	u.live(4)
	u.nap(1500)
	stopOld(u)
	began := time.Now()
	u.startNewBot()
	u.nap(500)
	for i := range 2 {
		u.start(fmt.Sprint("new renderer ", i), "renderer", "--threads", "1", "--slot", fmt.Sprint("new", i))
	}
	u.liveWithOneBot(4)
	u.nap(3000)
	killOld(u)
	u.waitReady(2)
	u.liveWithOneBot(6)
	return began
}

// live is what people do: they ask, and change their minds.
func (u *upgradeTest) live(n int) {
	for range n {
		what := "a red boat"
		if u.rng.IntN(3) == 0 {
			what = "a " + slowWord + " boat"
		}
		u.submit(u.idlePerson(), what, quickSteps+u.rng.IntN(15))
		u.nap(200)
		recent := u.all[max(0, len(u.all)-6):]
		switch one := recent[u.rng.IntN(len(recent))]; u.rng.IntN(8) {
		case 0:
			u.cancel(one)
		case 1:
			u.remove(one)
		}
	}
}

// liveWithOneBot does so unless an old bot is still online: it answers what it cannot accept any more with an error,
// and the answer of the new bot comes too late.
func (u *upgradeTest) liveWithOneBot(n int) {
	if u.oldBot.ended() {
		u.live(n)
	}
}

// nap waits for a random time: the moment of the next step is what is drawn here.
func (u *upgradeTest) nap(most int) { time.Sleep(time.Duration(u.rng.IntN(most)) * time.Millisecond) }

// oldSchemaError is in the log of an old bot on a database that a newer one has migrated.
const oldSchemaError = "does not exist (SQLSTATE 42"

// wantOldStopped proves that each old process has ended or stands still. A renderer says so once and has had no job
// since. A bot may meet the new schema before it looks at Redis.
func (u *upgradeTest) wantOldStopped() {
	u.t.Helper()
	for _, p := range append([]*process{u.oldBot}, u.old...) {
		u.until(p.name+" has stopped", func() bool {
			log := p.log.String()
			return p.ended() || strings.Contains(log, oldRefusal) || p == u.oldBot && strings.Contains(log, oldSchemaError)
		})
		before, after, _ := strings.Cut(p.log.String(), oldRefusal)
		if p != u.oldBot && strings.Contains(after, oldRefusal) || strings.Contains(after, "msg=leased") {
			u.t.Errorf("%s did not stand still after:\n%s%s%s", p.name, tail(before, 3), oldRefusal, after)
		}
	}
	if n := strings.Count(u.oldBot.log.String(), "the queue begins a new epoch"); n > 1 {
		u.t.Errorf("the old bot began %d epochs, want the first one only", n)
	}
}

// endAll ends all processes, so that many tries do not run beside each other.
func (u *upgradeTest) endAll() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range u.procs {
		p.kill()
	}
	u.redis.kill()
}

// ended tells whether a process has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
