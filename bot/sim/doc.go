// Package sim runs all of darkroom in virtual time: bot, renderers, the sandbox, SQLite and Redis, connected by links
// in memory, inside a bubble of testing/synctest. Hours pass in seconds, so that long outages (an expired token, a bot
// that is down for half an hour, a Discord that fails for a minute) happen as often as short ones.
//
// The package holds only tests. docs/reliability.md says what they prove. They work like this:
//
//   - A process is a gate through which all of its connections go, and its own database handle. A kill closes the gate,
//     closes the handle and only then cancels the context. Its goroutines can still try things, but nothing arrives,
//     and nothing is flushed.
//   - Redis is miniredis behind links that can lose a command, its answer or half of the answer, and that can be down.
//     A test can empty it, or set it back to an older copy of its data.
//   - Discord is bot/sandbox. The oracle compares its messages at the end, which are what users saw, with the database.
//   - Every fifth request is private: its prompt is one that nobody else may ever see, unless its owner answers that it
//     be public, or shares it. Every second user is pinged.
//   - Each start of a bot changes the form of new messages: cards, or the older form. Messages that are in flight keep
//     theirs.
//   - All random numbers come from one seed. A run that fails prints it, and DARKROOM_SEED repeats that run's requests,
//     faults and times. The runtime still schedules the goroutines, so a race may need several runs to appear again.
package sim
