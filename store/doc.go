// Package store is the truth, in SQL: accepted jobs, input pictures, results, policies, usage and the audit trail.
// A job that was accepted here survives whatever happens to Redis, the renderers and the bot.
package store
