// Package terminal shows a person at a terminal what a command does: a progress bar with the time left, and images.
//
// Nothing here asks the terminal a question. What it can show follows from the environment, so that a terminal that
// gives no answers costs no time and leaves no stray characters in the shell.
package terminal
