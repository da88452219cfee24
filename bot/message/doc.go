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
// Each is printed in the language of whoever reads it: functions take it first, or read it from an Address. Other
// sentences stand where they are decided, as a phrase.Phrase: in bot/admit, render/request, render/prompt and, as
// reasons of failures, in render, queue/worker and queue/lua. bot/command describes the commands.
//
// The package knows neither the store nor how a message is sent.
package message
