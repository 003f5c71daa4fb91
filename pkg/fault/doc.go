// Package fault kills the process at named points, to prove that a crash there
// loses nothing.
//
// In a normal build Point is empty and costs nothing. In a build with the tag
// "faults" the environment variable GAMESTORE_FAULT selects one point and one of
// its hits: "outbox.after-claim#3" sends SIGKILL to the process itself at the
// third hit of that point; without a number it is the first. Nothing gets to run
// after that: no deferred call, no flush.
//
// Panic is a bug to order: in such a build it panics at the one message whose id the
// variable GAMESTORE_PANIC holds.
package fault
