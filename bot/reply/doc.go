// Package reply answers an interaction from any process by its token: progress, pictures with buttons, apologies.
// It has its own REST client (buckets, 429s, redaction) and the bot's side of the delivery ladder. It knows neither
// the gateway nor the order of the queue.
package reply
