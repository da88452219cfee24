// Package interaction answers interactions: one file for each thing a person can do.
//
// A Handler takes requests from the gateway and gives each to the action of its command, button or form. An action
// answers through a responder, within Discord's three seconds. If it returns an error, the person reads that instead: a
// message.Refusal or a request.Refusal as it is, any other error as a fault with a reference that is also in the log.
//
// Requests for images go through the submitter (submit.go). It judges the request, stores the job in SQL, answers with
// the waiting message, and gives the job to the outbox. A job is stored before anything is shown.
package interaction
