// Package admit judges who may ask for what: a pure function over a Request, a Policy and a Usage. It reads no clock,
// does no I/O and knows nothing of Discord.
package admit
