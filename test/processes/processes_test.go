package processes_test

import (
	"bytes"
	"testing"

	"gamestore.example/deploy/demo"
	"gamestore.example/deploy/up"
)

func TestFourProcesses(t *testing.T) {
	s := start(t, nil)
	games := s.sell(24)
	t.Run("tell the whole story", func(t *testing.T) {
		var told bytes.Buffer
		if err := demo.Tell(t.Context(), s.base, &told); err != nil {
			t.Errorf("%v\n%s", err, told.String())
		}
	})
	for _, victim := range []string{up.Users, up.Games, up.Payments, up.Gateway} {
		t.Run("lose nothing when "+victim+" is killed", func(t *testing.T) {
			s := s.in(t)
			c := s.customer("friend-of-" + victim)
			bought := c.buy(games, func() {
				s.kill(victim)
				s.restart(victim)
			})
			s.audit(c, bought)
		})
	}
}
