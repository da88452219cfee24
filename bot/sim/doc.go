// Package sim runs the whole of darkroom in virtual time: bot, renderers, our own Discord, SQLite and Redis, joined by
// links in memory, inside a bubble of testing/synctest. Hours pass in seconds, so that outages which take long (a dead
// token, a bot that is down for half an hour, a Discord that rests for a minute) are met as often as short ones.
//
// It holds tests only. What they prove is told by docs/reliability.md; how it is done:
//
//   - A process is a gate through which all of its connections go, and a database handle of its own. A kill shuts the
//     gate, closes the handle and only then cancels the context: whatever its goroutines still try, nothing of it
//     arrives, and nothing is flushed.
//   - Redis is miniredis behind links that can lose a command, its answer or half of the answer, and that can be down.
//     It can be emptied, and set back to an older copy of its data.
//   - Discord is bot/sandbox, whose own record at the end is the oracle: what it shows is what people saw.
//   - The dice are drawn from one seed. A run that fails prints it, and DARKROOM_SEED repeats that run's people, faults
//     and moments. Goroutines are still scheduled by the runtime, so a race may need a few tries to show itself again.
package sim
