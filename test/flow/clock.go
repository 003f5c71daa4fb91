package flow

import (
	"sync/atomic"
	"time"
)

// Clock is the real time moved by an offset. All parts of a World share one.
type Clock struct{ offset atomic.Int64 }

// Now returns the time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// Advance moves the clock forward, for everybody at once. Access tokens that were
// issued before may be too old afterwards.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }
