package queue

import (
	"fmt"
	"net/url"
)

// Keys. The pool in braces is the hash tag, so all keys of a pool lie in one slot of a cluster. Those of the line
// itself also carry the epoch and are named in lua/line.lua, where they are made. Nothing else makes a key, but for those
// that a snapshot reads.
//
//	root                hash    epoch, when it began and on which run of the server; whether anything is paused
//	pauses              hash    by scope: since when, and why
//	events              stream  what happened, cut at Options.MaxEvents
//	offers, seen        hash, zset by time    what renderers offer, and until when
//	tray, sizes, delivery:<job>   zset by time, hash, list   late pictures for the bot to deliver
//	e:<epoch>:line      hash    seq, fence, V, waiting, running, lent (bytes)
//	e:<epoch>:servers, idle     hash, zset by v     accounts, and those of them with nothing to do
//	e:<epoch>:users:<server>, idle:<server>         the same for the users of a server
//	e:<epoch>:lane:<lane>       zset    servers by v that have a job to start there
//	e:<epoch>:ready:<lane>/<server>         zset    users by v, likewise
//	e:<epoch>:flow:<lane>/<server>/<user>   zset    jobs by seq
//	e:<epoch>:job:<id>, payload:<id>        hash, string    a job, and its JSON until it ends
//	e:<epoch>:jobs      zset    by seq: all jobs that have not ended
//	e:<epoch>:lease, delay, ended           zset by time    jobs held, waiting out a delay, over
//	e:<epoch>:memo      hash    by slot: the last call to reserve and what it gave
//	e:<epoch>:passed    hash    by lane: since when it is passed over
//	e:<epoch>:refs, lent, input:<sha>       hash, zset by time, string   input pictures

func (o Options) prefix() string    { return "dr:{" + escape(o.Pool) + "}:" }
func (o Options) rootKey() string   { return o.prefix() + "root" }
func (o Options) eventsKey() string { return o.prefix() + "events" }

// epochPrefix begins the keys of every epoch, or of the one that is given.
func (o Options) epochPrefix(epoch ...int64) string {
	if len(epoch) == 0 {
		return o.prefix() + "e:"
	}
	return fmt.Sprintf("%se:%d:", o.prefix(), epoch[0])
}

func (o Options) jobsKey(epoch int64) string           { return o.epochPrefix(epoch) + "jobs" }
func (o Options) delayKey(epoch int64) string          { return o.epochPrefix(epoch) + "delay" }
func (o Options) jobKey(epoch int64, id string) string { return o.epochPrefix(epoch) + "job:" + id }
func (o Options) serversKey(epoch int64) string        { return o.epochPrefix(epoch) + "servers" }
func (o Options) usersKey(epoch int64, s string) string {
	return o.epochPrefix(epoch) + "users:" + escape(s)
}

// escape keeps separators out of names that become part of a key or of a list.
func escape(name string) string { return url.QueryEscape(name) }

func unescape(name string) string {
	plain, err := url.QueryUnescape(name)
	if err != nil {
		return name
	}
	return plain
}
