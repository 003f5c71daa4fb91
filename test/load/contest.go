package load

import (
	"context"
	"time"
)

// Contest is several ways to do the same, measured in turns in one run, so that what
// else the machine does hits all of them.
type Contest struct {
	Name string
	// Unit is what one operation is called.
	Unit string
	// Sides are the contestants; the first is the one that the others are compared with.
	Sides []Side
	// Rounds is how often each has its turn.
	Rounds int
	// FixedRate says that latencies are of interest, and how much is done is not.
	FixedRate bool
}

// Side is one contestant.
type Side struct {
	Name string
	Open func(ctx context.Context, p Place) (Player, error)
}

// Place is where a side may work.
type Place struct {
	// Dir is an empty folder of its own.
	Dir string
	// Broker is the URL of an empty virtual host of a private RabbitMQ.
	Broker string
	// Programs is the folder of the built services.
	Programs string
	// Clients is how many buy at once.
	Clients int
}

// Player is a side at work.
type Player interface {
	// Round works for a lead-in and then for d, and says what it did in that d.
	Round(ctx context.Context, d time.Duration) (Round, error)
	// Close ends what Open started.
	Close() error
}

// Round is what was done in one turn.
type Round struct {
	Operations int
	Took       time.Duration
	// CPU is the processor time of this process and all it started, by the name of
	// the program. Empty where the system does not tell.
	CPU map[string]time.Duration
	// Latencies are of single operations; empty where they mean nothing.
	Latencies []time.Duration
	// Note says what has to be known about the figures.
	Note string
}

// Rate is the operations per second.
func (r Round) Rate() float64 { return float64(r.Operations) / r.Took.Seconds() }

// Contests returns everything that is measured in turns. All of them need an installed
// RabbitMQ.
func Contests() []Contest {
	return []Contest{
		{Name: "bus: publish and consume", Unit: "message", Rounds: 5, Sides: []Side{
			{Name: "raw amqp091-go, pipelined confirms", Open: openRaw},
			{Name: "pkg/bus/rabbit", Open: openBus(1)},
			{Name: "pkg/bus/rabbit, 64 events to a message", Open: openBus(packed)},
			{Name: "Watermill", Open: openWatermill},
		}},
		{Name: "purchase to completed, through RabbitMQ", Unit: "purchase", Rounds: 5, Sides: []Side{
			{Name: "textbook", Open: openTextbook},
			{Name: "the four services", Open: openServices(1)},
			{Name: "the four services, 64 events to a message", Open: openServices(packed)},
		}},
		{Name: "purchase to completed at a fixed rate, through RabbitMQ", Unit: "purchase", Rounds: 3, FixedRate: true, Sides: []Side{
			{Name: "the four services at a fixed rate", Open: openSteady(1)},
			{Name: "the four services at a fixed rate, 64 events to a message", Open: openSteady(packed)},
		}},
	}
}

// BeforeAndAfter is the four services as they are against programs that were built before, in a
// folder of theirs: to see what a change is worth.
func BeforeAndAfter(folder string) Contest {
	before := func(ctx context.Context, p Place) (Player, error) {
		p.Programs = folder
		return openServices(1)(ctx, p)
	}
	return Contest{Name: "purchase to completed, before and after", Unit: "purchase", Rounds: 8, Sides: []Side{
		{Name: "the programs of " + folder, Open: before},
		{Name: "the programs as they are", Open: openServices(1)},
	}}
}

// packed is how many events go into one message where packing is measured.
const packed = 64
