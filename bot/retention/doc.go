// Package retention forgets people, servers and old rows.
//
// Gateway events say which servers have the bot. A server that removed it is forgotten after Options.ForgetAfter,
// unless it comes back before. People who asked to be erased while they had jobs are erased completely when these jobs
// have ended. Once an hour, old input images, deliveries, claims and questions are deleted. Rows of ended jobs have no
// age limit: only erasing a person or forgetting a server deletes them.
package retention
