// Package message says what the bot's messages and their components look like, and holds every sentence that a person
// reads in Discord.
//
// A Message is text, files and rows of buttons; a Response is the first answer to an interaction: a message, a form or
// suggestions. Both know their JSON; package rest sends it. The functions that write sentences take plain values and
// stand in files by subject (job.go, refusal.go, limits.go, queue.go, …), so that another language is another set of these
// files. An Address says where a job's answer goes; it travels through store and queue as opaque JSON.
//
// The package knows neither the store nor how a message is sent.
package message
