// Package games stands for a service's root package.
package games

import (
	clock "time"
)

type service struct{ now func() clock.Time }

func (s service) good() clock.Time { return s.now().Add(clock.Second) }

func (s service) bad() clock.Duration {
	t := clock.Now()      // want: Now
	return clock.Since(t) // want: Since
}

func (s service) worse() { s.now = clock.Now } // want: Now
