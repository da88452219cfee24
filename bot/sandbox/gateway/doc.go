// Package gateway is the server side of Discord's gateway protocol: hello, identify, heartbeat, dispatch, resume, and
// all close codes.
package gateway
