// Package message says what the bot's messages and their components look like, and holds every sentence that a person
// reads in Discord.
//
// A Message is text, files and rows of buttons. A Response is the first answer to an interaction: a message, a form or
// suggestions. Both know their JSON; package rest sends it. An Address says where a job's answer goes; it travels
// through store and queue as opaque JSON.
//
// Sentences are grouped by subject (job.go, refusal.go, limits.go, queue.go, …). They take plain values, so that a
// second language is a second set of these files. They say image, start image, request, queue, position, ETA, renderer
// and generate, and no other words for these things.
//
// The package knows neither the store nor how a message is sent.
package message
