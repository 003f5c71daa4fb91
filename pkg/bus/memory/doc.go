// Package memory is the bus of one process: a topic exchange, queues, a retry
// ladder and dead letters, all in memory.
//
// With a Journal it is durable: a message is confirmed after the journal has it for
// every queue it goes to, is delivered from memory, and is erased from the
// journal after its handler is done. What the journal still holds when the process
// dies is delivered again after the next Declare, with its attempts and
// delays kept. Without a journal everything is gone with the process.
//
// No goroutine runs but those of Consume and, for as long as there is something to
// write, one per queue that settles in the journal; there is nothing to close.
package memory
