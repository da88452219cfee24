// Package message says what the bot's messages and their components look like, and holds most sentences that a person
// reads in Discord.
//
// A Message is text, files and rows of buttons. A Response is the first answer to an interaction: a message, a form or
// suggestions. Both know their JSON; package rest sends it. An Address says where a job's answer goes; it travels
// through store and queue as opaque JSON.
//
// Sentences are grouped by subject (job.go, refusal.go, limits.go, queue.go, …). They take plain values. They say
// image, start image, request, queue, position, ETA, renderer and generate, and no other words for these things.
//
// A second language is a second set of these files, and of the sentences that stand where they are decided:
//
//   - bot/admit: what a server does not allow
//   - bot/command: the descriptions of commands and options
//   - render/request: refusals of a request, and notes on what was changed in it
//   - render/prompt: what is wrong with a flag or a wildcard
//   - render and queue/worker: why a job failed
//   - queue/lua (states.lua, reap.lua): that a job's renderers crashed
//
// The package knows neither the store nor how a message is sent.
package message
