// Package retention forgets people, servers and old rows.
//
// Gateway events tell which servers have the bot; a server that removed it is forgotten after Options.ForgetAfter,
// unless it comes back before. People who had themselves erased while they had jobs are erased to the end when those
// have ended. Once an hour, input pictures, deliveries, claims and questions that are over are pruned.
package retention
