// Package rest is the sandbox's REST API, versions 9 and 10, with the routes that a bot needs: commands, interaction
// callbacks, messages by interaction token, and channel messages. It decodes requests and encodes responses; package
// world executes them.
package rest
