// Package rest sends requests to Discord's REST API, from any process.
//
// A Client keeps within Discord's limits (a bucket for each route, 429s, the global limit), retries where that is safe,
// and never puts a token into an error. With an interaction's token any process can edit the answer. With the bot's own
// token only the bot can post in channels. A renderer posts with a Poster: progress, finished images, failures. A
// Fetcher downloads attachments from Discord's own hosts and from nowhere else.
//
// Removed, MessageRemoved, Expired, Forbidden, TooLarge, Acknowledged, ByProxy and Final say what an error of Discord,
// or of a proxy in front of it, means. The package knows neither the gateway nor the order of the queue.
package rest
