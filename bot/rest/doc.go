// Package rest speaks to Discord's REST interface, from any process.
//
// A Client keeps within Discord's limits (a bucket for each route, 429s, the global limit), tries again where that is
// safe, and never lets a token into an error. With an interaction's token any process can edit the answer; with the
// bot's own token only the bot can post in channels. A Poster is what a renderer posts with: progress, finished
// pictures, failures. A Fetcher downloads attachments from Discord's own hosts and from nowhere else.
//
// What an error of Discord means is asked with Removed, Expired, Forbidden, TooLarge, Acknowledged and Final. The
// package knows neither the gateway nor the order of the queue.
package rest
