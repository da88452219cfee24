// Package gateway speaks Discord's gateway protocol to a bot: hello, identify,
// heartbeats, dispatch, resume, and every way in which Discord hangs up.
package gateway
