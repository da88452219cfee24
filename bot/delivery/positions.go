package delivery

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/render/phrase"
	"darkroom/store"
)

const (
	// maxPositionEdits is how many messages get their new position in one round: those nearest to the front, since theirs
	// matter most, and Discord lets only so many edits pass.
	maxPositionEdits = 10
	// maxFirstETAs is how many messages further back get their first ETA in one round, once renderers are there. They are
	// edited by their own interaction's token, which Discord limits each for itself; the bot's own token could not.
	maxFirstETAs = 40
	// maxEditing is how many messages are edited at once.
	maxEditing = 8
	// roundsWithoutNews is after how many rounds without an event the estimates are looked at all the same.
	roundsWithoutNews = 5
)

// counts tells how many jobs the queue holds, without listing them.
type counts interface {
	Counts(ctx context.Context) (waiting, running int, err error)
}

// positions keeps the positions and ETAs in waiting messages true, as often as Discord bears. Its loop is the only
// one that edits a waiting message after it was sent, so that no older position can follow a newer one.
type positions struct {
	db          finder
	counts      counts
	claim       claim
	claimName   string
	interval    time.Duration
	epochs      outbox
	messages    *messages
	corrections *corrector
	shown       *shownStates
	view        *queueView
	stranded    *strandedJobs
	now         func() time.Time
	wake        chan struct{} // holds a value when positions may have changed

	mu   sync.Mutex
	lost map[string]lostPosition // by job
}

// lostPosition is a job that could not be enqueued although its message shows a position.
type lostPosition struct {
	job job.Job
	at  time.Time
}

func (p *positions) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default: // it will
	}
}

// run tells positions until ctx is done.
func (p *positions) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case <-time.After(p.nextUpdate()):
		}
		p.showLost(ctx)
		p.showAll(ctx)
		if backoff.Sleep(ctx, p.interval) != nil {
			return nil
		}
	}
}

// nextUpdate is how long the estimates may be left alone when nothing moves: no message should name for long a moment
// that has passed.
func (p *positions) nextUpdate() time.Duration {
	longest, now := roundsWithoutNews*p.interval, p.now()
	next, known := p.shown.nextETA(now)
	if !known {
		return longest
	}
	return min(longest, next.Sub(now))
}

// lose has the loop say in a job's message that its position is not known.
func (p *positions) lose(j job.Job) {
	p.mu.Lock()
	p.lost[j.ID] = lostPosition{j, p.now()}
	p.mu.Unlock()
	p.wakeUp()
}

// showLost says in messages that their position is not known, unless a newer one was shown since.
func (p *positions) showLost(ctx context.Context) {
	p.mu.Lock()
	lost := slices.Collect(maps.Values(p.lost))
	clear(p.lost)
	p.mu.Unlock()
	for _, l := range lost {
		if g, known := p.shown.get(l.job.ID); known && l.newerThan(g) {
			p.show(ctx, l.job, message.QueueStatus{})
		}
	}
}

// newerThan tells whether what a message shows is a position that was lost after it was shown.
func (l lostPosition) newerThan(g shownState) bool {
	return !g.leased && g.position > 0 && !g.edited.After(l.at)
}

// showAll tells the positions that have changed. Of several bots one does it.
func (p *positions) showAll(ctx context.Context) {
	mine, err := p.claim(ctx, p.claimName, 3*roundsWithoutNews*p.interval)
	if err != nil || !mine {
		return
	}
	if waiting, _, err := p.counts.Counts(ctx); err != nil || waiting == 0 {
		return // a look at the whole queue would cost more
	}
	s, renderers, err := p.view.refresh(ctx)
	if err != nil {
		return
	}
	p.stranded.end(ctx, s, renderers)
	edits, more := p.selectEdits(s, queue.EstimateTimes(s, renderers))
	var group errgroup.Group
	group.SetLimit(maxEditing)
	for _, e := range edits {
		group.Go(func() error {
			p.apply(ctx, e)
			return nil
		})
	}
	_ = group.Wait() // edits return no errors
	if more {
		p.wakeUp() // the rest next time
	}
}

// positionEdit is a message that is to say another position or ETA.
type positionEdit struct {
	job      string
	shown    shownState
	status   message.QueueStatus
	firstETA bool // it is further back, and shows no ETA yet
}

// selectEdits returns the edits of one round: the messages nearest to the front that are outdated, and some further
// back that show no ETA yet. more tells that others are outdated too.
func (p *positions) selectEdits(
	s queue.Snapshot, estimates map[string]queue.Estimate,
) (edits []positionEdit, more bool) {
	front, first := 0, 0
	for _, q := range s.Jobs {
		if q.Position == 0 {
			continue
		}
		g, known := p.shown.get(q.ID)
		e := positionEdit{job: q.ID, shown: g, status: p.status(s, q, estimates)}
		if g.leased || known && !g.outdated(e.status, p.now()) {
			continue
		}
		e.firstETA = known && g.eta.IsZero() && !e.status.ETA.IsZero() && !g.tokenOver
		switch {
		case front < maxPositionEdits:
			front++
			e.firstETA = false
		case e.firstETA && first < maxFirstETAs:
			first++
		case first == maxFirstETAs:
			return edits, true
		default:
			more = true
			continue
		}
		edits = append(edits, e)
	}
	return edits, more
}

// apply makes an edit if the job still waits. One that only brings a first ETA is not worth a request by the bot's own
// token.
func (p *positions) apply(ctx context.Context, e positionEdit) {
	row, err := p.db.Find(ctx, e.job)
	if err != nil || row.State != store.Waiting {
		return
	}
	j, err := job.Read(row)
	if err != nil {
		return
	}
	if e.firstETA && !p.now().Before(j.Address.Expires) {
		p.shown.update(e.job, func(g *shownState) { g.tokenOver = true })
		return
	}
	e.status.MovedBack = p.movedBackReason(e.shown, e.status)
	p.show(ctx, j, e.status)
}

// movedBackReason is why a position is further back than the last that was shown. Nobody comes in before somebody who
// has had less.
func (p *positions) movedBackReason(g shownState, now message.QueueStatus) phrase.Phrase {
	switch {
	case g.position <= 0 || now.Position <= g.position || now.Paused:
		return phrase.Phrase{}
	case p.epochs.EpochBegan().After(g.edited):
		return message.MovedBackByEpoch(g.position)
	}
	return message.MovedBackByOthers(g.position)
}

// show tells a waiting job's message its position; 0 says that it is not known. A renderer may take the job at any
// moment, so the files are left alone, and afterwards it is made sure that the edit did not come after the images.
func (p *positions) show(ctx context.Context, j job.Job, st message.QueueStatus) {
	g, known := p.shown.get(j.ID)
	if g.leased {
		return
	}
	p.shown.set(j.ID, st, p.now())
	if (!known || g.position < 0 || p.epochs.MayHaveRun(j)) && !p.messages.stillWaiting(ctx, j) {
		return
	}
	m := message.Waiting(j.Address, j.Spec, j.ID, st)
	m.KeepFiles = true
	p.messages.correct(ctx, j, m)
	p.shown.setEdited(j.ID, p.now())
	now, err := p.db.Find(ctx, j.ID)
	if err != nil || !now.State.Terminal() {
		return
	}
	p.shown.forget(j.ID)
	ended := j // with its token, which the row has no more
	ended.State, ended.Job.Outcome, ended.Reason, ended.Message = now.State, now.Outcome, now.Reason, now.Message
	p.corrections.background.do(func(ctx context.Context) { p.corrections.repair(ctx, ended) })
}

// estimate tells where a job will stand that is just being accepted.
func (p *positions) estimate(ctx context.Context, j queue.Job) message.QueueStatus {
	n := p.view.add(ctx, j)
	if errors.Is(n.err, queue.ErrEpoch) {
		p.epochs.Wake()
	}
	switch {
	case n.err != nil:
		p.view.invalidate()
		return message.QueueStatus{}
	case n.status.ID == "":
		return message.QueueStatus{Position: n.snapshot.Waiting}
	}
	return p.status(n.snapshot, n.status, n.estimates)
}

// status is what a waiting message says about a job. Times are counted from the moment the queue was seen: clocks
// differ.
func (p *positions) status(
	s queue.Snapshot, j queue.JobStatus, estimates map[string]queue.Estimate,
) message.QueueStatus {
	st := message.QueueStatus{Position: j.Position, Paused: j.Paused}
	if j.Paused {
		st.Reason = pauseReason(s, j)
		return st
	}
	if e, known := estimates[j.ID]; known {
		st.ETA = p.now().Add(e.End.Sub(s.At))
		return st
	}
	st.Unserved = !p.view.canTake(j)
	return st
}

// pauseReason is why a job's server, its model or everything is paused.
func pauseReason(s queue.Snapshot, j queue.JobStatus) string {
	for _, p := range s.Paused {
		if p.Reason != "" && p.Scope.Covers(j.Server, j.Lane) {
			return p.Reason
		}
	}
	return ""
}
