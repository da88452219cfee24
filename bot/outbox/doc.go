// Package outbox moves accepted jobs from SQL into the queue: a transactional outbox.
//
// A job is written to SQL before anybody is told that it was accepted. From there it reaches the queue on one of two
// ways. Enqueue takes a fresh job at once. The relay, a loop, enqueues every job that SQL holds and the queue does
// not: after a start, a lost enqueue, or a Redis that was wiped, replaced or set back in time. Enqueuing a job twice
// does no harm.
//
// Each life of the queue is an epoch. The relay compares the queue's epoch with SQL's and begins the next one when
// they differ; what the queue held before counts no more. Two bots that use one database and two queues (split brain)
// would do so in turn for ever. So database and queue hold the random id of each other, and a bot that finds the id of
// another one that lives stops with an error (ownership.go).
//
// The outbox also keeps the queue's pauses as SQL has them, audits jobs whose end nobody heard of, reaps lost leases,
// and copies input images from Discord before their job is enqueued. When it gives a job up it tells so through
// Options.Failed.
package outbox
