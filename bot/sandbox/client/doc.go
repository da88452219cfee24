// Package client checks what a person filled in, as a Discord client does before it sends an interaction: the options
// of a command and the fields of a modal.
package client
