// Package rules checks every request that a bot sends to the sandbox against
// what Discord's documentation asks of bots, beyond what the API refuses by
// itself. Tests switch it on; a violation is a fault of the bot even when the
// request went through.
package rules
