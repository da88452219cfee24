// Package job is a job as the bot's rooms hand it to each other: a row of the store, whose two opaque parts, the Spec
// and the Address, are decoded once.
//
// Read decodes a row that came out of the store. A fresh job is made with New and is never decoded. ForQueue turns a
// job into what the queue carries. A job's messages are recognised by its buttons: CancelID, RemixID and ShowID are
// their custom_ids.
package job
