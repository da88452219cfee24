// Package store is the truth, in SQL: accepted jobs, input pictures, results, policies, usage, presets and the audit trail.
// A job that was accepted here survives whatever happens to Redis, the renderers and the bot.
//
// # Two databases
//
// One process keeps its truth in an SQLite file; several share a PostgreSQL database. What differs between the two stands
// in sqlite.go, postgres.go and the two folders of migrations, whose files have the same numbers and make the same tables.
// Every query is one text for both:
//
//   - Parameters are $1, $2, …; a parameter that is only compared with a constant may need CAST($1 AS TEXT).
//   - Times are BIGINT milliseconds, JSON is TEXT, yes and no are TRUE and FALSE, bytes come as []byte.
//   - Upserts are ON CONFLICT … DO UPDATE; RETURNING works in both; FOR UPDATE does not exist in SQLite.
//   - A change of state says in its WHERE what it expects and looks at the number of rows, because with PostgreSQL another
//     process may change the row between a SELECT and the UPDATE. What is counted first and written then, such as a
//     quota, takes dialect.alone at the start of its transaction.
//   - Text of strangers and of errors goes through valid.
//
// The suite in exercise_test.go runs on both.
package store
