// Package bot wires the rooms of the bot and runs them.
//
// An interaction comes in through gateway, which hands it on once; command reads it, admit judges it, and interaction
// answers it. An accepted job is written to the store and goes through outbox into the queue. A renderer renders it
// and posts the images with rest; delivery hears of it and keeps every message of the job true. catalog knows what
// can be rendered and what it costs, retention forgets what is over, message holds what people read.
//
// outbox, delivery and interaction do not import each other: each declares in small interfaces what it needs of the
// others, and New puts them together.
package bot
