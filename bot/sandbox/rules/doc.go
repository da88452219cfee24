// Package rules checks every request of a bot against what Discord's documentation asks of bots beyond what the API
// refuses. Tests switch it on. A violation is a fault of the bot even if the request succeeded.
package rules
