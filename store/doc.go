// Package store keeps the truth in SQL: accepted jobs, input images, results, policies, quotas, presets and the
// audit trail. An accepted job survives the loss of Redis, of every renderer and of the bot.
//
// # Jobs
//
// A job begins as Accepted. Once Discord took the bot's answer it is Waiting: the outbox (Unqueued) lists it until the
// queue holds it in the current epoch. Done, Failed, Cancelled and Expired are final. A delivery records how far the
// images of a job got when they could not be put into the job's own message.
//
// # Two databases
//
// One bot keeps its data in an SQLite file; several bots share a PostgreSQL database. All differences between the two
// are in sqlite.go, postgres.go and the two folders of migrations, whose files have the same numbers and make the same
// tables. Every query is one text for both databases:
//
//   - Parameters are $1, $2, …; a parameter that is only compared with a constant may need CAST($1 AS TEXT).
//   - Times are BIGINT milliseconds, JSON is TEXT, booleans are TRUE and FALSE, bytes are []byte.
//   - Upserts are ON CONFLICT … DO UPDATE; RETURNING works in both; FOR UPDATE does not exist in SQLite.
//   - A change of state names the expected state in its WHERE clause and checks the number of rows, because with
//     PostgreSQL another process may change the row between a SELECT and the UPDATE. A transaction that counts before
//     it writes, such as a quota, first takes dialect.lockExclusive.
//   - Text of users and of errors goes through cleanText.
//
// Some stored words are older than the names in Go: ReofferDue is "offer", ReofferMade is "offered" and InboxShown is
// "shown". The constants map them; a stored word never changes.
//
// The tests in exercise_test.go run on both databases.
package store
