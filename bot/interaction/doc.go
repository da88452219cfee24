// Package interaction answers interactions: one file for each thing a person can do.
//
// A Handler takes requests from the gateway and gives each to the action that its command, button or form stands for.
// An action answers through a responder, within Discord's three seconds, and returns an error for what the person
// should read instead: a message.Refusal or a request.Refusal as it is, anything else as a fault with a reference that
// is also in the log (error.go).
//
// What makes pictures goes through the submitter (submit.go): it judges the request, writes the job into SQL, answers
// with the waiting message, and hands the job to the outbox. Nothing is shown before it is written down.
package interaction
