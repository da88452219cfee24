package queue

import (
	"fmt"
	"net/url"
)

// These are all keys. The pool in braces is the hash tag, so all keys of a pool lie in one slot of a cluster. The keys
// of one epoch contain its number; lua/prelude.lua makes them. The functions below make those that Go code reads.
//
//	darkroom:{<pool>}:
//	root                hash    epoch; began: when it began; run: the run of the server; paused: 1 if anything is paused;
//	                            damaged: a key of the epoch that is lost; database, owneduntil: whose bots use the
//	                            pool; id, idrun: the server's id, and its run
//	pauses              hash    by scope: since when, and the reason
//	events              stream  what happened, trimmed at Options.MaxEvents
//	renderers, renderers-until      hash, zset by time          what renderers announced, and until when it holds
//	cards, cards-until              hash, zset by time          by hash: cards of models and add-ons, and lists of
//	                            them; until when they hold
//	undelivered, undelivered-sizes  zset by time, hash          undelivered results, and their bytes ("": the sum)
//	undelivered:<job>   list    the record as JSON, and the bytes of each file
//	e:<epoch>:counters  hash    seq, fence, virtualtime, waiting, running, inputbytes
//	e:<epoch>:servers, idle     hash, zset by start tag         accounts, and those without jobs
//	e:<epoch>:users:<server>, idle:<server>                     the same for the users of a server
//	e:<epoch>:lane:<lane>       zset by start tag               servers that have a job to start in the lane
//	e:<epoch>:ready:<lane>/<server>         zset by start tag   users that have a job to start in the lane
//	e:<epoch>:flow:<lane>/<server>/<user>   zset by seq         their jobs
//	e:<epoch>:job:<id>, payload:<id>        hash, string        a job (below), and its JSON until it ends
//	e:<epoch>:jobs      zset by seq     all jobs that have not ended
//	e:<epoch>:lease, delay, ended       zset by time    until when jobs are leased or delayed; when they ended
//	e:<epoch>:reserves  hash    by slot: the last call of Reserve: nonce, time, and the leases it returned
//	e:<epoch>:passedover        hash    by lane: since when it is passed over
//	e:<epoch>:needs     hash    by lane: how many jobs need more than its model, and the SHA-256 of what they need
//	e:<epoch>:heads     zset by start tag               lanes of those jobs, by the next server of each
//	e:<epoch>:addons, addons:<digest>       zset by last use, hash          sets of add-ons that renderers have
//	e:<epoch>:able:<digest>     hash    by lane: 1 if such a set has all that its jobs need, else 0
//	e:<epoch>:refs, inputs, input:<sha>     hash, zset by time, string      input images: users, last use, bytes
//
// A lane is "version:model", or "version:model:needs".
//
// The fields of a job: state (W, D, L, S or E, see lua/states.lua), lane, server, user, seq, size, cost, weight,
// serverweight, batch, inputs; maybeposted: 1 if it may have been posted; cancelledby: who cancelled it;
// fence, slot, since, percent of the lease, and previouslease, which was reclaimed; attempts, errors, crashes,
// postponed. A tombstone has state, fence, kind, reason, outcome, and cancelledearly if the cancel came before the job.
//
// The fields of an event: kind, job, percent, reason, outcome.

// Of the version before, these keys stay: see retire.go.
//
//	dr:{<pool>}:root    hash    epoch: retiredEpoch; run: of the server; leasesend: when the last lease ends
//	dr:{<pool>}:sizes   string  retiredEpoch

func (o Options) prefix() string    { return "darkroom:{" + escape(o.Pool) + "}:" }
func (o Options) oldPrefix() string { return "dr:{" + escape(o.Pool) + "}:" }
func (o Options) rootKey() string   { return o.prefix() + "root" }
func (o Options) eventsKey() string { return o.prefix() + "events" }

// epochPrefix is the prefix of the keys of all epochs, or of the given one.
func (o Options) epochPrefix(epoch ...int64) string {
	if len(epoch) == 0 {
		return o.prefix() + "e:"
	}
	return fmt.Sprintf("%se:%d:", o.prefix(), epoch[0])
}

func (o Options) jobsKey(epoch int64) string           { return o.epochPrefix(epoch) + "jobs" }
func (o Options) delayKey(epoch int64) string          { return o.epochPrefix(epoch) + "delay" }
func (o Options) jobKey(epoch int64, id string) string { return o.epochPrefix(epoch) + "job:" + id }
func (o Options) needsKey(epoch int64) string          { return o.epochPrefix(epoch) + "needs" }
func (o Options) serversKey(epoch int64) string        { return o.epochPrefix(epoch) + "servers" }
func (o Options) usersKey(epoch int64, s string) string {
	return o.epochPrefix(epoch) + "users:" + escape(s)
}

// escape keeps separators out of names that become part of a key or a list.
func escape(name string) string { return url.QueryEscape(name) }

func unescape(name string) string {
	plain, err := url.QueryUnescape(name)
	if err != nil {
		return name
	}
	return plain
}
