package load

import (
	"context"
	"fmt"
	"time"
)

// steadyRate is how many clients come each second where latency is measured.
const steadyRate = 1000

// steady is the services with clients who come at a fixed rate.
type steady struct {
	*services
	rate int
}

func openSteady(pack int) func(context.Context, Place) (Player, error) {
	return func(ctx context.Context, p Place) (Player, error) {
		s, err := startServices(ctx, p, pack)
		if err != nil {
			return nil, err
		}
		return &steady{services: s}, nil
	}
}

// Round implements Player. Before the first one it finds out what the machine carries: at
// more than half of that, queues and not the store would be measured.
func (s *steady) Round(ctx context.Context, d time.Duration) (Round, error) {
	if s.rate == 0 {
		most, err := s.services.Round(ctx, d)
		if err != nil {
			return most, err
		}
		s.rate = max(1, min(steadyRate, int(most.Rate()/2)))
	}
	r, err := s.open(ctx, d, s.rate)
	r.Note = fmt.Sprintf("%d clients a second", s.rate)
	if s.rate < steadyRate {
		r.Note += fmt.Sprintf(", half of what this machine carries; %d would have been asked for", steadyRate)
	}
	return r, s.log.explain(err)
}
