// Package rest is the sandbox's REST API, versions 9 and 10, as a bot and a
// renderer use it: commands, callbacks, answers by token, channel messages.
// It knows how requests look; what they do is the world's business.
package rest
