// Package job is a job as the bot's packages pass it to each other: a row of the store, whose two opaque parts, the
// Spec and the Address, are decoded once.
//
// Read decodes a row of the store. A new job is made with New and is never decoded. ForQueue turns a job into what the
// queue holds. A job's messages are recognised by their buttons: CancelID, RemixID and ShowID are the custom_ids.
package job
