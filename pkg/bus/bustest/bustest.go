// Package bustest is the contract suite of package bus: what every adapter must do,
// whatever carries the messages.
package bustest

import (
	"testing"

	"gamestore.example/pkg/bus"
)

// Harness is one bus under test, with an exchange and queues of its own. What it
// starts ends with the test's Cleanup.
type Harness struct {
	// Bus is the bus, with a retry ladder of a few milliseconds.
	Bus bus.Bus
	// Dead are its dead letters.
	Dead bus.DeadLetters
	// Attempts is how many deliveries a message gets before it is a dead letter: one
	// more than the ladder has delays. At least 3.
	Attempts int
	// Reopen leaves the bus as a crash would, without stopping or flushing anything,
	// and returns a new one on the same data, with no queue declared. Only for
	// Features.Durable.
	Reopen func() Harness
}

// Features says what an adapter can do beyond what all must do.
type Features struct {
	// Durable: confirmed messages survive a crash of the process.
	Durable bool
}

type test struct {
	name string
	run  func(*testing.T, Harness)
}

// Run runs the suite. newHarness is called once for each test.
func Run(t *testing.T, newHarness func(t *testing.T) Harness, f Features) {
	t.Helper()
	tests := []test{
		{"keys match as in AMQP 0-9-1", testKeys},
		{"declaring again is harmless and adds keys", testDeclareAgain},
		{"a message goes to every bound queue", testFanOut},
		{"competing consumers get each message once", testCompeting},
		{"every field arrives unchanged", testFields},
		{"nobody sees what others do to a message", testIsolation},
		{"the trace context is in the handler's context", testTrace},
		{"a message without a queue is confirmed", testUnrouted},
		{"what was published before anybody consumed arrives", testPublishFirst},
		{"a thousand in one call are all confirmed", testThousand},
		{"twenty publishers and twenty consumers", testConcurrent},
		{"each of many events has its own end", testOwnEnds},
		{"what can never be published is refused, the others flow", testUnpublishable},
		{"a duplicate id is delivered twice", testDuplicate},
		{"publishing with an ended context fails for each", testPublishCancelled},
		{"consuming an undeclared queue fails", testUndeclared},
		{"a failure is retried, with attempts counted", testRetry},
		{"a panic is a failure", testPanic},
		{"after the ladder comes the dead letter", testLadderEnds},
		{"poison is dead at once, the others flow", testPoison},
		{"a held delivery counts no attempt, the others flow", testHold},
		{"a dead letter can be replayed", testReplay},
		{"a dead letter can be dropped", testDrop},
		{"dead letters are listed oldest first up to a limit", testList},
		{"a shutdown finishes what is in flight and loses nothing", testDrain},
	}
	if f.Durable {
		tests = append(tests,
			test{"what was never consumed survives a crash", testCrashBeforeConsume},
			test{"what was in flight comes again after a crash", testCrashInFlight},
			test{"what was settled does not come again", testSettledStaysSettled},
			test{"a message that ends its consumers becomes a dead letter", testDeliveryLimit},
			test{"dead letters survive a crash", testCrashDeadLetter})
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, newHarness(t)) })
	}
}
